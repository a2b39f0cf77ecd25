import type { FileStat } from '../../sys/stat.ts';
import type { ContextEntry, ContextSource } from './build-context.ts';
import { contextChanged } from './context-changed.ts';

/**
 * What a step's key was made of, to be compared with what is copied afterwards: a file written, added or removed in
 * between would put content under the key of other content, for every build to come.
 */
export class ContextStamps {
  readonly #compares: boolean;
  readonly #noted = new Map<string, string>();
  readonly #checked = new Set<string>();

  /** Files of a stage or an image cannot change, and what is opened again has another device number. */
  constructor({ origin }: { readonly origin?: string | undefined } = {}) {
    this.#compares = origin === undefined;
  }

  note(path: string, stamp: string): void {
    this.#noted.set(path, stamp);
  }

  /** Throws ERR_CONTEXT_CHANGED when the entry is not what was noted, or was not there. */
  check(source: ContextSource, { path }: ContextEntry, stat: FileStat): void {
    this.checkStamp(contextPath(source, path), stampOf(stat));
  }

  /** {@link check} by the entry's path in the context and its stamp now. */
  checkStamp(path: string, stamp: string): void {
    if (this.#compares && this.#noted.get(path) !== stamp) throw contextChanged(Buffer.from(path, 'latin1'));
    this.#checked.add(path);
  }

  /** How many entries were noted. */
  get count(): number {
    return this.#noted.size;
  }

  /** Throws ERR_CONTEXT_CHANGED when something that was noted has not been checked: it is gone. */
  checkAll(): void {
    if (!this.#compares || this.#checked.size === this.#noted.size) return;
    for (const key of this.#noted.keys()) {
      if (!this.#checked.has(key)) throw contextChanged(Buffer.from(key, 'latin1'));
    }
  }
}

/** Where an entry is in the context, one character a byte. */
export function contextPath(source: ContextSource, path: Uint8Array): string {
  if (source.path.length === 0) return latin1(path);
  return path.length === 0 ? latin1(source.path) : `${latin1(source.path)}/${latin1(path)}`;
}

const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');

/** Whether two looks at a file saw the same: {@link stampOf}, compared without a string. */
export const isUnchanged = (a: FileStat, b: FileStat): boolean =>
  a.isSameInode(b) &&
  a.mode === b.mode &&
  a.size === b.size &&
  isSameTime(a.mtime, b.mtime) &&
  isSameTime(a.ctime, b.ctime);

const isSameTime = (a: FileStat['mtime'], b: FileStat['mtime']): boolean =>
  a.nanoseconds === b.nanoseconds && a.seconds === b.seconds;

/**
 * Changes whenever what is copied may have. A directory's times do not count: a log beside the Dockerfile, excluded from
 * the context, changes them.
 */
export function stampOf({ mode, ino, size, mtime, ctime, type, deviceMajor, deviceMinor }: FileStat): string {
  const inode = `${mode} ${deviceMajor}:${deviceMinor} ${ino}`;
  if (type === 'directory') return inode;
  return `${inode} ${size} ${mtime.seconds}.${mtime.nanoseconds} ${ctime.seconds}.${ctime.nanoseconds}`;
}
