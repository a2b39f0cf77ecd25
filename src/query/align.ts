// Docker's settings of Go's tabwriter: columns of at least 10, three spaces between them.
const minWidth = 10;
const gap = 3;

const doubleWidth =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]/u;

/** Returns the number of columns of a text on a terminal. */
export function displayWidth(text: string): number {
  if (/^[\u0020-\u007e]*$/.test(text)) return text.length;
  // Compiled only when needed: looking the classes up in Unicode takes milliseconds.
  const zeroWidth = /[\p{Mn}\p{Me}\p{Cf}]/u;
  let width = 0;
  for (const char of text) width += zeroWidth.test(char) ? 0 : doubleWidth.test(char) ? 2 : 1;
  return width;
}

interface TableLine {
  readonly cells: readonly string[];
  readonly widths: number[];
}

/** Sets the width of a column in a block of neighbouring lines. */
function setColumnWidth(block: readonly TableLine[], column: number): void {
  const width = block.reduce((most, line) => Math.max(most, displayWidth(line.cells[column] ?? '') + gap), minWidth);
  for (const line of block) line.widths.push(width);
}

/**
 * Aligns the cells ended by tabs, as in docker's tables. A column is as wide as its widest cell among neighbouring lines
 * that have it. Text after the last tab of a line is unchanged.
 */
export function alignColumns(text: string): string {
  const lines: readonly TableLine[] = text.split('\n').map((line, at, all) => {
    // A tab at the end of the text, without a newline, ends no cell.
    const isCut = at === all.length - 1 && line.endsWith('\t');
    return { cells: (isCut ? line.slice(0, -1) : line).split('\t'), widths: [] };
  });
  let remaining = lines.map((line, at) => ({ line, at }));
  for (let column = 0; remaining.length > 0; column++) {
    remaining = remaining.filter(({ line }) => line.cells.length - 1 > column);
    let block: TableLine[] = [];
    let last = -1;
    for (const { line, at } of remaining) {
      if (at !== last + 1) {
        setColumnWidth(block, column);
        block = [];
      }
      block.push(line);
      last = at;
    }
    setColumnWidth(block, column);
  }
  return lines
    .map(({ cells, widths }) =>
      cells.map((cell, at) => cell + ' '.repeat(Math.max(0, (widths[at] ?? 0) - displayWidth(cell)))).join(''),
    )
    .join('\n');
}
