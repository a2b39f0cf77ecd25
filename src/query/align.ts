// Docker's tabwriter settings: no column narrower than 10, three spaces between.
const minWidth = 10;
const gap = 3;

const doubleWidth =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]/u;

/** Columns a terminal gives the text. */
export function displayWidth(text: string): number {
  if (/^[\u0020-\u007e]*$/.test(text)) return text.length;
  // Made here: to look up what Unicode has of these takes milliseconds.
  const zeroWidth = /[\p{Mn}\p{Me}\p{Cf}]/u;
  let width = 0;
  for (const char of text) width += zeroWidth.test(char) ? 0 : doubleWidth.test(char) ? 2 : 1;
  return width;
}

interface Line {
  readonly cells: readonly string[];
  readonly widths: number[];
}

/** Gives one column of neighbouring lines the same width. */
function settle(block: readonly Line[], column: number): void {
  const width = block.reduce((most, line) => Math.max(most, displayWidth(line.cells[column] ?? '') + gap), minWidth);
  for (const line of block) line.widths.push(width);
}

/**
 * Aligns the cells that tabs end, as docker's tables are. A column is as wide as its widest cell among neighbouring lines
 * that have it; what follows the last tab of a line is left as it is.
 */
export function alignColumns(text: string): string {
  const lines: readonly Line[] = text.split('\n').map((line, at, all) => {
    // Without a newline behind it, a tab at the very end ends nothing.
    const isCut = at === all.length - 1 && line.endsWith('\t');
    return { cells: (isCut ? line.slice(0, -1) : line).split('\t'), widths: [] };
  });
  let standing = lines.map((line, at) => ({ line, at }));
  for (let column = 0; standing.length > 0; column++) {
    standing = standing.filter(({ line }) => line.cells.length - 1 > column);
    let block: Line[] = [];
    let last = -1;
    for (const { line, at } of standing) {
      if (at !== last + 1) {
        settle(block, column);
        block = [];
      }
      block.push(line);
      last = at;
    }
    settle(block, column);
  }
  return lines
    .map(({ cells, widths }) =>
      cells.map((cell, at) => cell + ' '.repeat(Math.max(0, (widths[at] ?? 0) - displayWidth(cell)))).join(''),
    )
    .join('\n');
}
