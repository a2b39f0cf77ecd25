import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ObjectLocks } from '../../content/object-locks.ts';
import type { Lease } from '../../ledger/types.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import { type DiffId, digestHex } from '../../spec/digest.ts';
import { publishIndex } from './publish-index.ts';
import { unfinishedIndexName } from './unfinished-indexes.ts';

const suffix = '.idx';
const namePattern = /^([0-9a-f]{64})\.idx$/;

/** The folder of layer indexes. All file names in it are made and parsed here. */
export class LayerIndexes {
  readonly folder: string;
  readonly #locks: ObjectLocks;
  readonly #isNamed: (diffId: DiffId) => boolean;

  /** `isNamed` returns true when an image names a layer. */
  constructor(folder: string, locks: ObjectLocks, isNamed: (diffId: DiffId) => boolean) {
    this.folder = folder;
    this.#locks = locks;
    this.#isNamed = isNamed;
  }

  /** Returns the file name of a layer's index. */
  static nameOf(diffId: DiffId): string {
    return digestHex(diffId) + suffix;
  }

  /** Returns the diffID of the layer whose index has this name; undefined for any other name. */
  static keyOf(name: string): string | undefined {
    const hex = namePattern.exec(name)?.[1];
    return hex === undefined ? undefined : `sha256:${hex}`;
  }

  /** Returns the path of a layer's index. */
  pathOf(diffId: DiffId): string {
    return join(this.folder, LayerIndexes.nameOf(diffId));
  }

  /** Returns the name of an index that is being written. It contains the lease's ID, for garbage collection. */
  nameOfNew(lease: Lease, snapshotId: string): string {
    return unfinishedIndexName(lease, snapshotId);
  }

  /** Renames a finished index to its final name, under the lock that garbage collection takes, too. */
  async publish(name: string, diffId: DiffId, options: AbortOptions): Promise<void> {
    const written = join(this.folder, name);
    const publish = async (): Promise<void> =>
      await publishIndex(written, this.pathOf(diffId), { isTrusted: this.#isNamed(diffId) });
    await this.#locks.with('layer', diffId, publish, options);
  }

  /** Removes an index that was not published. Idempotent. */
  discard(name: string): void {
    rmSync(join(this.folder, name), { force: true });
  }
}
