import { createHash } from 'node:crypto';
import type { FileTime } from '../../sys/file-attributes.ts';
import type { FileType } from '../../sys/stat.ts';
import type { ContextEntry } from './build-context.ts';
import type { Fields } from './file-digest.ts';

/** Something that a COPY takes along. */
export interface CopiedEntry {
  /** Below the source, one character a byte. */
  readonly path: string;
  readonly type: FileType;
  readonly sizeBytes: number;
  readonly mtime: FileTime;
  /** Everything of it that shows in the copy: {@link kindOf}, time, holes, what the digest is made of. Without a NUL. */
  readonly mark: string;
}

interface Begun extends Omit<CopiedEntry, 'mark'> {
  /** Where its parts begin. */
  readonly at: number;
  readonly holes: string;
}

/** What a COPY takes from the context, part by part; digests of files come in whatever order they are ready. */
export class ContextContent implements Fields {
  readonly #parts: (Uint8Array | string)[] = ['context-v5\n'];
  readonly #begun: Begun[] = [];
  /** Several of the names are of one file. */
  hasLinks = false;

  /** What follows is of this entry. */
  begin({ path, stat }: ContextEntry): void {
    const { type, size: sizeBytes, blocks, mtime } = stat;
    const holes = type === 'file' && blocks * 512 < sizeBytes ? `${blocks}` : '';
    this.#begun.push({ path: latin1(path), type, sizeBytes, mtime, holes, at: this.#parts.length });
  }

  update(part: Uint8Array | string): void {
    this.#parts.push(part);
  }

  /** Keeps the next place for a part that is not known yet. */
  later(): (part: string) => void {
    const at = this.#parts.push('') - 1;
    return (part) => {
      this.#parts[at] = part;
    };
  }

  /** Times and owners do not enter: neither is copied as it is, or says that bytes changed. */
  get digest(): string {
    const hash = createHash('sha256');
    for (const part of this.#parts) hash.update(part);
    return `sha256:${hash.digest('hex')}`;
  }

  /** How many entries there are. */
  get count(): number {
    return this.#begun.length;
  }

  /** In the order of the walk. */
  entries(): CopiedEntry[] {
    return this.#begun.map(({ at, holes, ...entry }, index) => {
      const { seconds, nanoseconds } = entry.mtime;
      const parts = this.#parts.slice(at, this.#begun[index + 1]?.at);
      const text = parts.map((part) => (typeof part === 'string' ? part : latin1(part))).join('');
      // Of all that goes in, values of xattrs alone may hold one.
      const content = text.includes('\0') ? createHash('sha256').update(text, 'latin1').digest('hex') : text;
      return { ...entry, mark: `${entry.type}${parts.length} ${seconds}.${nanoseconds} ${holes} ${content}` };
    });
  }
}

/** Type of a mark's entry; a directory without xattrs is {@link plainDirectory}. */
export const kindOf = (mark: string): string => mark.slice(0, mark.indexOf(' '));

/** Of its path and its mode, two parts each. */
export const plainDirectory = 'directory4';

const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
