import { createHash } from 'node:crypto';
import type { FileTime } from '../../sys/file-attributes.ts';
import type { FileType } from '../../sys/stat.ts';
import type { ContextEntry } from './build-context.ts';
import type { FieldSink } from './file-digest.ts';

/** An entry that a COPY copies. */
export interface CopiedEntry {
  /** Path relative to the source, one character a byte. */
  readonly path: string;
  readonly type: FileType;
  readonly sizeBytes: number;
  readonly mtime: FileTime;
  /** Everything that shows in the copy: {@link kindOf}, time, holes, and its part of the digest. Without a NUL. */
  readonly mark: string;
}

interface BegunEntry extends Omit<CopiedEntry, 'mark'> {
  /** Index of its first part. */
  readonly at: number;
  readonly holes: string;
}

/** Content of a COPY, part by part; digests of files may come in any order. */
export class ContextContent implements FieldSink {
  readonly #parts: (Uint8Array | string)[] = ['context-v5\n'];
  readonly #begun: BegunEntry[] = [];
  /** True when several of the names are of one file. */
  hasLinks = false;

  /** Begins an entry: the next parts belong to it. */
  begin({ path, stat }: ContextEntry): void {
    const { type, size: sizeBytes, blocks, mtime } = stat;
    const holes = type === 'file' && blocks * 512 < sizeBytes ? `${blocks}` : '';
    this.#begun.push({ path: latin1(path), type, sizeBytes, mtime, holes, at: this.#parts.length });
  }

  update(part: Uint8Array | string): void {
    this.#parts.push(part);
  }

  /** Reserves the next position for a part that is not known yet. */
  reserve(): (part: string) => void {
    const at = this.#parts.push('') - 1;
    return (part) => {
      this.#parts[at] = part;
    };
  }

  /** Digest of all parts. Times are left out: a new time does not mean new content. */
  get digest(): string {
    const hash = createHash('sha256');
    for (const part of this.#parts) hash.update(part);
    return `sha256:${hash.digest('hex')}`;
  }

  /** Number of entries. */
  get count(): number {
    return this.#begun.length;
  }

  /** Returns the entries in the order of the walk. */
  entries(): CopiedEntry[] {
    return this.#begun.map(({ at, holes, ...entry }, index) => {
      const { seconds, nanoseconds } = entry.mtime;
      const parts = this.#parts.slice(at, this.#begun[index + 1]?.at);
      const text = parts.map((part) => (typeof part === 'string' ? part : latin1(part))).join('');
      // Only values of xattrs may have one.
      const content = text.includes('\0') ? createHash('sha256').update(text, 'latin1').digest('hex') : text;
      return { ...entry, mark: `${entry.type}${parts.length} ${seconds}.${nanoseconds} ${holes} ${content}` };
    });
  }
}

/** Returns the type and the number of parts in a mark; {@link plainDirectory} for a directory without xattrs. */
export const kindOf = (mark: string): string => mark.slice(0, mark.indexOf(' '));

/** A directory with a path and a mode, two parts each. */
export const plainDirectory = 'directory4';

const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
