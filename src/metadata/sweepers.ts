import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ObjectLocks } from '../content/object-locks.ts';
import { moveToTrash } from '../content/trash.ts';
import type { BlobManager } from '../content/types.ts';
import type { AbortOptions } from '../lib/abort.ts';
import { parseDigest } from '../spec/digest.ts';
import type { ObjectKind, ObjectRef } from './objects.ts';

export interface SweepContext extends AbortOptions {
  /** Whether somebody recorded or pinned the object meanwhile; to be asked under the object's lock. */
  readonly isWanted: (object: ObjectRef) => boolean;
}

/** Moves the files of one kind of object into trash. */
export interface Sweeper {
  /** Idempotent. Files that are wanted again stay. */
  sweep(keys: readonly string[], context: SweepContext): Promise<void>;
  /** Keys of all objects that have files. Absent when `sweep` itself finds the files nobody recorded. */
  readonly stored?: ((options: AbortOptions) => AsyncIterable<string>) | undefined;
}

export function blobSweeper(content: BlobManager): Sweeper {
  return {
    async sweep(keys, { isWanted, signal }) {
      for (const key of keys) {
        await content.delete(parseDigest(key), { signal, unless: () => isWanted({ kind: 'blob', key }) });
      }
    },
    async *stored(options) {
      for await (const { digest } of content.list(options)) yield digest;
    },
  };
}

export interface FileSweeperOptions {
  readonly kind: ObjectKind;
  /** Where the files lie, one for each object. */
  readonly directory: string;
  readonly nameOf: (key: string) => string;
  /** Undefined for a file that is none of these. */
  readonly keyOf: (name: string) => string | undefined;
  readonly locks: ObjectLocks;
  readonly trashDirectory: string;
}

/** For objects that are one file or folder each, whose makers hold the object's lock while they rename it into place. */
export function fileSweeper(options: FileSweeperOptions): Sweeper {
  const { kind, directory, nameOf, keyOf, locks, trashDirectory } = options;
  return {
    async sweep(keys, { isWanted, signal }) {
      for (const key of keys) {
        const move = (): boolean =>
          !isWanted({ kind, key }) && moveToTrash(join(directory, nameOf(key)), trashDirectory, kind);
        await locks.with(kind, key, move, { signal });
      }
    },
    async *stored({ signal }) {
      if (!existsSync(directory)) return;
      for (const name of readdirSync(directory)) {
        signal?.throwIfAborted();
        const key = keyOf(name);
        if (key !== undefined) yield key;
      }
    },
  };
}

/** For storage drivers, which compare their directories with their records themselves. */
export function snapshotSweeper(drivers: readonly { cleanup(options: AbortOptions): Promise<unknown> }[]): Sweeper {
  return {
    async sweep(_keys, { signal }) {
      for (const driver of drivers) await driver.cleanup({ signal });
    },
  };
}
