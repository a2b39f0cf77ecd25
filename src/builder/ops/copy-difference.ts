import { type CopiedEntry, kindOf, plainDirectory } from '../context/context-content.ts';
import type { EarlierCopy } from './earlier-copies.ts';

/** What an earlier copy lacks to be the copy that is wanted now; paths are below the source, one character a byte. */
export interface CopyDifference {
  /** To be removed first, with all that is in them. */
  readonly removed: readonly string[];
  /** To be copied, in their order: what is there gives way, or is a directory and is changed. */
  readonly changed: readonly string[];
  /** Directories whose time all this changes, or that have another one now. */
  readonly directories: readonly CopiedEntry[];
}

// Less is copied as quickly as it is compared.
const fewEntries = 400;
const fewBytes = 16 << 20;
// An amended copy keeps what it has no use for any more: this part of it at most.
const mostChanged = 0.25;

/** Whether a copy is so large that it is worth remembering what it was made of. */
export const isLarge = (entries: readonly CopiedEntry[]): boolean =>
  entries.length >= fewEntries || totalOf(entries) >= fewBytes;

/**
 * Undefined where an amended copy would not be the one made at once, or would gain little: too much has changed, or
 * something is gone that may lie over a file of the base.
 */
export function differenceOf(entries: readonly CopiedEntry[], earlier: EarlierCopy): CopyDifference | undefined {
  const { marks } = earlier;
  const now = new Map(entries.map((entry) => [entry.path, entry]));
  const changed = entries.filter(({ path, mark }) => marks.get(path) !== mark);
  const removed = removedOf(now, marks);
  if (removed.length > 0 && !earlier.isAllNew) return undefined;
  if (changed.length + removed.length > entries.length * mostChanged) return undefined;
  if (totalOf(changed) > totalOf(entries) * mostChanged) return undefined;
  // Attributes that a directory has no more would have to be taken from it.
  if (changed.some(({ path, mark }) => isAttributed(mark) || isAttributed(marks.get(path)))) return undefined;
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
    // The source itself is where the copy goes to; nothing but its time is copied.
    changed: changed.filter(({ path }) => path !== '').map(({ path }) => path),
    directories: entries.filter(
      (entry) => isDirectory(entry) && (touched.has(entry.path) || marks.get(entry.path) !== entry.mark),
    ),
  };
}

/** Uppermost paths that are gone, or change between a directory and something else. */
function removedOf(now: ReadonlyMap<string, CopiedEntry>, marks: ReadonlyMap<string, string>): string[] {
  const removed: string[] = [];
  let inside: string | undefined;
  // As they were walked: what a directory holds comes right after it.
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

function isAttributed(mark: string | undefined): boolean {
  const kind = mark === undefined ? plainDirectory : kindOf(mark);
  return kind.startsWith('directory') && kind !== plainDirectory;
}

const totalOf = (entries: readonly CopiedEntry[]): number =>
  entries.reduce((total, { sizeBytes, type }) => total + (type === 'file' ? sizeBytes : 0), 0);
