/** Edits that turn `a` into `b`: characters put in, taken out or changed. */
function distance(a: readonly string[], b: readonly string[]): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, left] of a.entries()) {
    const next = [i + 1];
    for (const [j, right] of b.entries()) {
      const change = (row[j] as number) + (left === right ? 0 : 1);
      next.push(Math.min(change, (row[j + 1] as number) + 1, (next[j] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}

// Names are short; the text of a stranger may not be, and comparing is quadratic.
const maxLength = 100;

/**
 * Which of `names` a mistyped one most likely meant: the nearest within `maxEdits`, the first of equally near ones.
 * Undefined without any, and when one is equal: then the trouble lies elsewhere.
 */
export function nearest(written: string, names: readonly string[], maxEdits = 2): number | undefined {
  if (written.length > maxLength || names.includes(written)) return undefined;
  const wanted = Array.from(written);
  let best: number | undefined;
  let least = maxEdits + 1;
  for (const [at, name] of names.entries()) {
    const candidate = Array.from(name);
    if (Math.abs(candidate.length - wanted.length) >= least) continue;
    const edits = distance(wanted, candidate);
    if (edits < least) [best, least] = [at, edits];
  }
  return best;
}
