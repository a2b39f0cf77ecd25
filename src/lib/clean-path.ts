/**
 * Returns the shortest slash-separated path of the same meaning, as Go's `filepath.Clean` does: empty and `.` elements are
 * dropped, and `..` removes the element before it, but never climbs above `/`. An empty path becomes `.`.
 */
export function cleanPath(path: string): string {
  const rooted = path.startsWith('/');
  const kept: string[] = [];
  for (const element of path.split('/')) {
    if (element === '' || element === '.') continue;
    if (element !== '..') kept.push(element);
    else if (kept.length > 0 && kept.at(-1) !== '..') kept.pop();
    else if (!rooted) kept.push('..');
  }
  const joined = kept.join('/');
  if (rooted) return `/${joined}`;
  return joined === '' ? '.' : joined;
}
