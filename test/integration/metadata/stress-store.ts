// The store of the stress test, shared by its processes and their judge: few, small objects that are made and collected
// again and again, so that every race between makers, users and collectors comes up.
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LocalContentStore } from '../../../src/content/local/store.ts';
import { ObjectLocks } from '../../../src/content/object-locks.ts';
import { digestOf } from '../../../src/content/verify.ts';
import { GarbageCollector } from '../../../src/metadata/garbage-collector.ts';
import { Metadata } from '../../../src/metadata/metadata.ts';
import { blobSweeper, fileSweeper, type SweepContext, type Sweeper } from '../../../src/metadata/sweepers.ts';
import { type ChainId, type DiffId, type Digest, parseChainId, parseDiffId } from '../../../src/spec/digest.ts';
import { createRandom } from '../../helpers/random.ts';

/** Few enough that all processes meet on the same ones. */
export const contents: readonly Uint8Array[] = Array.from({ length: 24 }, (_, i) =>
  createRandom(i).bytes(500 + 700 * i),
);
export const digests: readonly Digest[] = contents.map((bytes) => digestOf(bytes));
export const diffIds: readonly DiffId[] = digests.map((digest) => parseDiffId(digest));
export const chainIds: readonly ChainId[] = digests.map((digest) => parseChainId(digest));

export interface StressStore extends Disposable {
  readonly root: string;
  readonly metadata: Metadata;
  readonly content: LocalContentStore;
  readonly locks: ObjectLocks;
  readonly collector: GarbageCollector;
}

/** Opens the store; calls `dawdle` between two steps, where a slow machine would let another process in. */
export async function openStressStore(root: string, dawdle: () => void = () => undefined): Promise<StressStore> {
  for (const folder of ['trash', 'indexes', 'snapshots', 'work', 'acknowledged'])
    mkdirSync(join(root, folder), { recursive: true });
  const trashDirectory = join(root, 'trash');
  const locksDirectory = join(root, 'locks');
  const metadata = await Metadata.open({ database: join(root, 'strata.db'), locksDirectory });
  const locks = new ObjectLocks(locksDirectory);
  const onStep = dawdle;
  const content = LocalContentStore.open({ directory: join(root, 'content'), locks, trashDirectory, onStep });
  const plain = { nameOf: (key: string) => key, keyOf: (name: string) => name, locks, trashDirectory };
  const slowly = (sweeper: Sweeper): Sweeper => ({
    ...sweeper,
    sweep: async (keys, context) => {
      dawdle();
      const isWanted: SweepContext['isWanted'] = (object) => {
        const wanted = context.isWanted(object);
        dawdle();
        return wanted;
      };
      await sweeper.sweep(keys, { ...context, isWanted });
    },
  });
  const collector = new GarbageCollector(metadata, {
    blob: slowly(blobSweeper(content)),
    layer: slowly(fileSweeper({ ...plain, kind: 'layer', directory: join(root, 'indexes') })),
    snapshot: slowly(fileSweeper({ ...plain, kind: 'snapshot', directory: join(root, 'snapshots') })),
  });
  return { root, metadata, content, locks, collector, [Symbol.dispose]: () => metadata[Symbol.dispose]() };
}

/** Throws unless the file holds exactly these bytes. */
export function checkFile(path: string, bytes: Uint8Array): void {
  const found = readFileSync(path);
  if (!found.equals(bytes)) throw new Error(`${path} has ${found.length} other bytes`);
}
