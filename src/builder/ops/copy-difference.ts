import { type CopiedEntry, kindOf, plainDirectory } from '../context/context-content.ts';
import type { EarlierCopy } from './earlier-copies.ts';

/** Changes that turn an earlier copy into the requested one; paths are relative to the source, one character a byte. */
export interface CopyDifference {
  /** Paths to remove first, with everything in them. */
  readonly removed: readonly string[];
  /** Paths to copy, in this order: existing files are replaced, existing directories are changed. */
  readonly changed: readonly string[];
  /** Directories with a time that these changes alter, or that is another one now. */
  readonly directories: readonly CopiedEntry[];
}

// A smaller folder is copied as quickly as it is compared.
const fewEntries = 400;
const fewBytes = 16 << 20;
// Most of a copy that may change: replaced files stay on the disk below an amended copy.
const mostChanged = 0.25;

/** True for a copy so large that remembering its files pays off. */
export const isLarge = (entries: readonly CopiedEntry[]): boolean =>
  entries.length >= fewEntries || totalOf(entries) >= fewBytes;

/**
 * Returns the difference to an earlier copy; undefined when an amended copy might differ from a new one, or would gain
 * little: too much has changed, or a removed file may hide a file of the base.
 */
export function differenceOf(entries: readonly CopiedEntry[], earlier: EarlierCopy): CopyDifference | undefined {
  const { marks } = earlier;
  const now = new Map(entries.map((entry) => [entry.path, entry]));
  const changed = entries.filter(({ path, mark }) => marks.get(path) !== mark);
  const removed = findRemoved(now, marks);
  if (removed.length > 0 && !earlier.isAllNew) return undefined;
  if (changed.length + removed.length > entries.length * mostChanged) return undefined;
  if (totalOf(changed) > totalOf(entries) * mostChanged) return undefined;
  // An amended directory would keep xattrs that its source has lost.
  if (changed.some(({ path, mark }) => hasXattrs(mark) || hasXattrs(marks.get(path)))) return undefined;
  const touched = new Set<string>();
  for (const path of [...removed, ...changed.map((entry) => entry.path)]) {
    for (let at = path.length; at > 0; ) {
      at = Math.max(path.lastIndexOf('/', at - 1), 0);
      touched.add(path.slice(0, at));
    }
  }
  const isDirectory = ({ type }: CopiedEntry): boolean => type === 'directory';
  return {
    removed,
    // The source itself is only given its time.
    changed: changed.filter(({ path }) => path !== '').map(({ path }) => path),
    directories: entries.filter(
      (entry) => isDirectory(entry) && (touched.has(entry.path) || marks.get(entry.path) !== entry.mark),
    ),
  };
}

/** Returns the uppermost paths that are missing now, or that changed between a directory and another type. */
function findRemoved(now: ReadonlyMap<string, CopiedEntry>, marks: ReadonlyMap<string, string>): string[] {
  const removed: string[] = [];
  let inside: string | undefined;
  // In the order of the walk: a directory's content comes right after it.
  for (const [path, mark] of marks) {
    if (inside !== undefined && path.startsWith(inside)) continue;
    const wasDirectory = kindOf(mark).startsWith('directory');
    const entry = now.get(path);
    if (entry !== undefined && (entry.type === 'directory') === wasDirectory) continue;
    removed.push(path);
    inside = wasDirectory ? `${path}/` : undefined;
  }
  return removed;
}

function hasXattrs(mark: string | undefined): boolean {
  const kind = mark === undefined ? plainDirectory : kindOf(mark);
  return kind.startsWith('directory') && kind !== plainDirectory;
}

const totalOf = (entries: readonly CopiedEntry[]): number =>
  entries.reduce((total, { sizeBytes, type }) => total + (type === 'file' ? sizeBytes : 0), 0);
