// One of the processes of the stress test: makes, uses, drops and collects objects at random until its time is over or
// it is killed. Arguments: root, name, seed, milliseconds. Prints counts of its work as JSON lines; a broken promise of
// the store ends it with an error.
import { appendFileSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { moveToTrash } from '../../../src/content/trash.ts';
import { isStrataError } from '../../../src/errors/index.ts';
import type { StoreLease } from '../../../src/metadata/leases.ts';
import { TrackedContentStore } from '../../../src/metadata/tracked-content.ts';
import { emptyTrash } from '../../../src/metadata/trash.ts';
import { createRandom } from '../../helpers/random.ts';
import { chainIds, checkFile, contents, diffIds, digests, openStressStore } from './stress-store.ts';

const [root = '', name = '', seed = '', lifeMs = ''] = process.argv.slice(2);
const random = createRandom(Number(seed));
const store = await openStressStore(root, () => {
  if (random.next(4) === 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, random.next(25));
});
const { metadata, content, locks, collector } = store;
const counts: Record<string, number> = {};
const count = (what: string): void => {
  counts[what] = (counts[what] ?? 0) + 1;
};
const item = (): number => random.next(contents.length);
// Objects that tags keep for long, and those that build records keep: all others come and go.
const keptItem = (): number => random.next(5);
const builtItem = (): number => 5 + random.next(8);
const pause = async (): Promise<void> => {
  if (random.next(2) === 0) await sleep(random.next(30));
};

/** Runs `body` under a lease, and its check before and after a pause: pinned objects must not change. */
async function withLease(
  body: (lease: StoreLease) => Promise<(() => Promise<void> | void) | undefined>,
): Promise<void> {
  await using lease = await metadata.leases.open(name);
  const check = await body(lease);
  await check?.();
  await pause();
  await check?.();
}

async function readBlob(i: number): Promise<void> {
  await using reader = await content.open(digests[i]!, { sizeBytes: contents[i]!.length });
  const bytes = new Uint8Array(reader.sizeBytes);
  await reader.read(bytes, 0);
  if (!Buffer.from(bytes).equals(contents[i]!)) throw new Error(`blob ${i} has other bytes`);
}

async function commitBlob(i: number, lease: StoreLease): Promise<void> {
  const expected = { digest: digests[i]!, sizeBytes: contents[i]!.length };
  const ref = `${random.next(4)} ${i}`;
  try {
    await using writer = await new TrackedContentStore(content, metadata, lease).writer(ref, { expected });
    const middle = random.next(contents[i]!.length);
    if (writer.offset < middle) await writer.write(contents[i]!.subarray(writer.offset, middle));
    await pause();
    await writer.write(contents[i]!.subarray(writer.offset));
    count((await writer.commit()).existed ? 'blob existed' : 'blob committed');
  } catch (error) {
    // Another process writes the same ref: begin again under a ref of this process's own.
    if (!isStrataError(error, 'ERR_INGEST_BUSY')) throw error;
    count('ingest busy');
    await using writer = await new TrackedContentStore(content, metadata, lease).writer(`${name} ${i}`);
    await writer.truncate(0);
    await writer.write(contents[i]!);
    await writer.commit();
  }
}

async function putTarget(i: number, lease: StoreLease): Promise<void> {
  await metadata.db.transact(() =>
    metadata.targets.put({ digest: digests[i]!, mediaType: 'x', sizeBytes: 1, links: [], images: [] }, lease),
  );
}

let kept = 0;
const mine: string[] = [];
const journal = (line: string): void => appendFileSync(join(root, 'acknowledged', name), `${line}\n`);

const operations: readonly (readonly [string, number, () => Promise<void>])[] = [
  [
    'make blob',
    6,
    () =>
      withLease(async (lease) => {
        const i = item();
        await commitBlob(i, lease);
        if (random.next(2) === 0) {
          await putTarget(i, lease);
          await metadata.db.transact(() => metadata.tags.set(`shared-${random.next(3)}`, digests[i]!));
        }
        return () => readBlob(i);
      }),
  ],
  [
    'keep tag',
    2,
    () =>
      withLease(async (lease) => {
        const i = keptItem();
        await commitBlob(i, lease);
        await putTarget(i, lease);
        const tag = `${name}-${kept++}`;
        await metadata.db.transact(() => metadata.tags.set(tag, digests[i]!));
        journal(`+ ${tag} ${i}`);
        mine.push(tag);
        return () => readBlob(i);
      }),
  ],
  [
    'drop own tag',
    2,
    async () => {
      const tag = mine.shift();
      if (tag === undefined) return;
      journal(`- ${tag}`);
      await metadata.db.transact(() => metadata.tags.remove(tag));
    },
  ],
  [
    'use blob',
    6,
    () =>
      withLease(async (lease) => {
        const i = item();
        const found = await new TrackedContentStore(content, metadata, lease).info(digests[i]!);
        count(found ? 'blob there' : 'blob absent');
        if (!found && (await lease.pinIfPresent('blob', digests[i]!)))
          throw new Error(`blob ${i} is recorded without its file`);
        return found && (() => readBlob(i));
      }),
  ],
  [
    'use tag',
    4,
    () =>
      withLease(async (lease) => {
        const tag = random.pick(metadata.tags.list());
        if (tag === undefined || !(await lease.pinIfPresent('target', tag.target))) return undefined;
        const i = digests.indexOf(tag.target);
        return () => readBlob(i);
      }),
  ],
  [
    'drop tag',
    4,
    async () => void (await metadata.db.transact(() => metadata.tags.remove(`shared-${random.next(3)}`))),
  ],
  [
    'make snapshot',
    4,
    () =>
      withLease(async (lease) => {
        const i = item();
        const id = `${name}-${random.next(2 ** 31)}`;
        const base = random.pick(metadata.snapshots.list().filter(({ kind }) => kind === 'committed'));
        const parentId = base && (await lease.pinIfPresent('snapshot', base.id)) ? base.id : undefined;
        const record = { driver: 'toy', chainId: undefined, durable: false, createdAt: Date.now(), labels: {} };
        await metadata.snapshots.insert({ ...record, id, kind: 'active', parentId }, lease);
        mkdirSync(join(root, 'snapshots', id));
        await pause();
        writeFileSync(join(root, 'snapshots', id, 'data'), contents[i]!);
        const standing = await metadata.snapshots.commit(
          id,
          { chainId: chainIds[i]!, durable: random.next(2) === 0 },
          lease,
        );
        if (standing.id !== id) moveToTrash(join(root, 'snapshots', id), join(root, 'trash'), 'snapshot');
        count(standing.id === id ? 'snapshot committed' : 'snapshot existed');
        if (random.next(3) === 0) await useInContainer(standing.id);
        return () => checkLineage(standing.id);
      }),
  ],
  [
    'use snapshot',
    4,
    () =>
      withLease(async (lease) => {
        const found = await metadata.snapshots.findByChainId('toy', chainIds[item()]!, lease);
        count(found ? 'snapshot there' : 'snapshot absent');
        return found && (() => checkLineage(found.id));
      }),
  ],
  [
    'drop container',
    3,
    async () => void (await metadata.db.transact(() => metadata.containers.remove(`c${random.next(6)}`))),
  ],
  [
    'make layer',
    4,
    () =>
      withLease(async (lease) => {
        const i = item();
        const path = join(root, 'indexes', diffIds[i]!);
        const temporary = join(root, 'work', name);
        await lease.pin('layer', diffIds[i]!);
        writeFileSync(temporary, contents[i]!);
        await locks.with('layer', diffIds[i]!, () => {
          if (existsSync(path)) rmSync(temporary);
          else renameSync(temporary, path);
        });
        await metadata.layers.put(
          { diffId: diffIds[i]!, tarSizeBytes: i, sizeBytes: i, entries: i, remakeable: true },
          lease,
        );
        return () => checkFile(path, contents[i]!);
      }),
  ],
  [
    'use layer',
    4,
    () =>
      withLease(async (lease) => {
        const i = item();
        const found = await lease.pinIfPresent('layer', diffIds[i]!);
        return found ? () => checkFile(join(root, 'indexes', diffIds[i]!), contents[i]!) : undefined;
      }),
  ],
  [
    'build',
    4,
    () =>
      withLease(async (lease) => {
        const i = builtItem();
        const record = await metadata.builds.find(`step ${i}`, lease);
        count(record ? 'step cached' : 'step run');
        if (!record) {
          await commitBlob(i, lease);
          const links = [{ kind: 'blob', key: digests[i]! } as const];
          await metadata.builds.put(
            { id: `step ${i}`, key: `step ${i}`, description: '', result: i, sizeBytes: 0, links },
            lease,
          );
        }
        return () => readBlob(i);
      }),
  ],
  ['prune step', 3, async () => void (await metadata.db.transact(() => metadata.builds.remove(`step ${builtItem()}`)))],
  [
    'collect',
    3,
    async () => {
      const { removed, deadLeases } = await collector.collect({ keepBuildCache: random.next(8) !== 0 });
      counts['objects collected'] = (counts['objects collected'] ?? 0) + removed.length;
      counts['dead leases'] = (counts['dead leases'] ?? 0) + deadLeases;
    },
  ],
  [
    'sweep orphans',
    1,
    async () => {
      counts['orphans'] = (counts['orphans'] ?? 0) + (await collector.sweepOrphans()).length;
    },
  ],
  ['empty trash', 1, async () => void (await emptyTrash(join(root, 'trash')))],
];

async function useInContainer(snapshotId: string): Promise<void> {
  const id = `c${random.next(6)}`;
  await metadata.db.transact(() => {
    metadata.containers.remove(id);
    metadata.containers.insert({ id, name: id, imageId: undefined, snapshotId, state: null });
  });
}

function checkLineage(id: string): void {
  for (let next: string | undefined = id; next !== undefined; ) {
    const record = metadata.snapshots.get(next);
    if (!record) throw new Error(`snapshot ${next} of ${id} is not recorded`);
    const i = chainIds.findIndex((chainId) => chainId === record.chainId);
    if (record.kind === 'committed') checkFile(join(root, 'snapshots', next, 'data'), contents[i]!);
    next = record.parentId;
  }
}

const lot = operations.flatMap((operation) => Array<typeof operation>(operation[1]).fill(operation));
const end = Date.now() + Number(lifeMs);
const tell = (): void => void writeSync(1, `${JSON.stringify(counts)}\n`);
for (let done = 1; Date.now() < end; done++) {
  const [what, , run] = random.pick(lot);
  await run();
  count(what);
  count('operations');
  if (done % 20 === 0) tell();
}
tell();
store[Symbol.dispose]();
