import type { FileStat } from '../../sys/stat.ts';
import type { ContextEntry, ContextSource } from './build-context.ts';
import { contextChanged } from './context-changed.ts';

/**
 * What a step's key was made of, to be compared with what is copied afterwards: a file written, added or removed in
 * between would put content under the key of other content, for every build to come.
 */
export class ContextStamps {
  readonly #noted = new Map<string, string>();
  readonly #checked = new Set<string>();

  note(source: ContextSource, { path, stat }: ContextEntry): void {
    this.#noted.set(keyOf(source, path), stampOf(stat));
  }

  /** Throws ERR_CONTEXT_CHANGED when the entry is not what was noted, or was not there. */
  check(source: ContextSource, { path, name }: ContextEntry, stat: FileStat): void {
    const key = keyOf(source, path);
    if (this.#noted.get(key) !== stampOf(stat)) throw contextChanged(path.length > 0 ? path : name);
    this.#checked.add(key);
  }

  /** Throws ERR_CONTEXT_CHANGED when something that was noted has not been checked: it is gone. */
  checkAll(): void {
    if (this.#checked.size === this.#noted.size) return;
    for (const key of this.#noted.keys()) {
      if (!this.#checked.has(key)) throw contextChanged(Buffer.from(key.slice(key.indexOf('\0') + 1), 'latin1'));
    }
  }
}

const keyOf = (source: ContextSource, path: Uint8Array): string =>
  `${Buffer.from(source.path).toString('latin1')}\0${Buffer.from(path).toString('latin1')}`;

/**
 * Changes whenever what is copied may have. A directory's times do not count: a log beside the Dockerfile, excluded from
 * the context, changes them.
 */
function stampOf({ mode, ino, size, mtime, ctime, type }: FileStat): string {
  if (type === 'directory') return `${mode} ${ino}`;
  return `${mode} ${ino} ${size} ${mtime.seconds}.${mtime.nanoseconds} ${ctime.seconds}.${ctime.nanoseconds}`;
}
