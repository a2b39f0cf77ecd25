import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ObjectLocks } from '../content/object-locks.ts';
import { moveToTrash } from '../content/trash.ts';
import type { BlobManager } from '../content/types.ts';
import type { AbortOptions } from '../lib/abort.ts';
import { parseDigest } from '../spec/digest.ts';
import type { ObjectKind, ObjectRef } from './objects.ts';

export interface SweepContext extends AbortOptions {
  /** True if the object was recorded or pinned meanwhile; to be called under the object's lock. */
  readonly isWanted: (object: ObjectRef) => boolean;
}

/** Moves the files of one kind of object into the trash. */
export interface Sweeper {
  /** Moves the files of these objects, except those that are wanted again. Idempotent. */
  sweep(keys: readonly string[], context: SweepContext): Promise<void>;
  /** Lists the keys of all objects that have files. Absent when `sweep` itself finds unrecorded files. */
  readonly stored?: ((options: AbortOptions) => AsyncIterable<string>) | undefined;
}

/** Creates a sweeper of blobs. */
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
  /** Folder with one file or folder for each object. */
  readonly directory: string;
  readonly nameOf: (key: string) => string;
  /** Returns undefined for a name of any other file. */
  readonly keyOf: (name: string) => string | undefined;
  readonly locks: ObjectLocks;
  readonly trashDirectory: string;
}

/**
 * Creates a sweeper for objects of one file or folder each, which is renamed to its final path under the object's lock.
 */
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

/** Creates a sweeper for snapshots: storage drivers compare their directories with their records themselves. */
export function snapshotSweeper(drivers: readonly { cleanup(options: AbortOptions): Promise<unknown> }[]): Sweeper {
  return {
    async sweep(_keys, { signal }) {
      for (const driver of drivers) await driver.cleanup({ signal });
    },
  };
}
