import type { FileStat } from '../../sys/stat.ts';
import type { ContextEntry, ContextSource } from './build-context.ts';
import { contextChangedError } from './context-changed.ts';

/**
 * Stamps of the entries in a step's key, to be compared with the entries that are copied afterwards: a file that is
 * written, added or removed in between would be cached under the key of other content, for every later build.
 */
export class ContextStamps {
  readonly #compares: boolean;
  readonly #recorded = new Map<string, string>();
  readonly #checked = new Set<string>();

  /**
   * Compares nothing for files of a stage or an image: they cannot change, and have another device number when they are
   * opened again.
   */
  constructor({ origin }: { readonly origin?: string | undefined } = {}) {
    this.#compares = origin === undefined;
  }

  record(path: string, stamp: string): void {
    this.#recorded.set(path, stamp);
  }

  /** Throws ERR_CONTEXT_CHANGED unless the entry was recorded with this stamp. */
  check(source: ContextSource, { path }: ContextEntry, stat: FileStat): void {
    this.checkStamp(contextPath(source, path), stampOf(stat));
  }

  /** {@link check} by the entry's path in the context and its stamp now. */
  checkStamp(path: string, stamp: string): void {
    if (this.#compares && this.#recorded.get(path) !== stamp) throw contextChangedError(Buffer.from(path, 'latin1'));
    this.#checked.add(path);
  }

  /** Number of recorded entries. */
  get count(): number {
    return this.#recorded.size;
  }

  /** Throws ERR_CONTEXT_CHANGED when a recorded entry was not checked: it is missing now. */
  checkAll(): void {
    if (!this.#compares || this.#checked.size === this.#recorded.size) return;
    for (const key of this.#recorded.keys()) {
      if (!this.#checked.has(key)) throw contextChangedError(Buffer.from(key, 'latin1'));
    }
  }
}

/** Returns the path of an entry in the context, one character a byte. */
export function contextPath(source: ContextSource, path: Uint8Array): string {
  if (source.path.length === 0) return latin1(path);
  return path.length === 0 ? latin1(source.path) : `${latin1(source.path)}/${latin1(path)}`;
}

const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');

/** True when two stats of a file are equal: {@link stampOf}, compared without a string. */
export const isUnchanged = (a: FileStat, b: FileStat): boolean =>
  a.isSameInode(b) &&
  a.mode === b.mode &&
  a.size === b.size &&
  isSameTime(a.mtime, b.mtime) &&
  isSameTime(a.ctime, b.ctime);

const isSameTime = (a: FileStat['mtime'], b: FileStat['mtime']): boolean =>
  a.nanoseconds === b.nanoseconds && a.seconds === b.seconds;

/**
 * Returns a stamp that changes whenever the copied content may have. A directory's times do not count: a log beside the
 * Dockerfile, excluded from the context, changes them.
 */
export function stampOf({ mode, ino, size, mtime, ctime, type, deviceMajor, deviceMinor }: FileStat): string {
  const inode = `${mode} ${deviceMajor}:${deviceMinor} ${ino}`;
  if (type === 'directory') return inode;
  return `${inode} ${size} ${mtime.seconds}.${mtime.nanoseconds} ${ctime.seconds}.${ctime.nanoseconds}`;
}
