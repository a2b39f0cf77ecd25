/** Counts the edits that turn `a` into `b`: characters inserted, removed or changed. */
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

// Comparing is quadratic. Names are short, but the text a user typed may not be.
const maxLength = 100;

/**
 * Returns the index of the name that a mistyped one most likely meant: the nearest within `maxEdits`, the first of equally near
 * ones. Returns undefined when none is near, or when one is equal, since then the spelling is not the problem.
 */
export function nearestIndex(written: string, names: readonly string[], maxEdits = 2): number | undefined {
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
