// Creates, commits and removes snapshots until it is killed. Arguments: root, driver, seed. Prints the promises of the
// store: `+ ID` after a commit, `- ID` before a removal.
import { writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Metadata } from '../../../src/metadata/metadata.ts';
import { openChanges } from '../../../src/snapshots/open-changes.ts';
import { openSnapshotter } from '../../../src/snapshots/open-snapshotter.ts';
import type { ChainId } from '../../../src/spec/digest.ts';
import { createRandom } from '../../helpers/random.ts';

const [root = '', driver = '', seed = '0'] = process.argv.slice(2);
const random = createRandom(Number(seed));
const metadata = await Metadata.open({ database: join(root, 'strata.db'), locksDirectory: join(root, 'locks') });
const snapshotter = await openSnapshotter({ driver, root, ledger: metadata.snapshots });
const lease = await metadata.leases.open('crash test');
const print = (text: string): void => {
  writeSync(1, `${text}\n`);
};

async function makeLayer(): Promise<void> {
  const committed = snapshotter.list().filter(({ kind }) => kind === 'committed');
  const parent = random.next(3) === 0 || committed.length === 0 ? undefined : random.pick(committed).id;
  const { id } = await snapshotter.prepare(parent, { lease, volatile: random.next(2) === 0 });
  await using changes = await openChanges(snapshotter, id, { access: 'write' });
  writeFileSync(join(changes.tree.upperDir, `made-by-${id}`), id);
  // Some are abandoned, as by a step that fails.
  if (random.next(5) === 0) return;
  // A few chainIDs, so that some commits find an existing snapshot.
  const chainId = `sha256:${random.next(100).toString(16).padStart(64, '0')}` as ChainId;
  const named = random.next(2) === 0 ? { chainId } : {};
  const done = await snapshotter.commit(id, { lease, durable: random.next(2) === 0, flushed: true, ...named });
  print(`+ ${done.id}`);
}

async function removeOne(): Promise<void> {
  const all = snapshotter.list();
  const leaves = all.filter(({ id }) => !all.some(({ parentId }) => parentId === id));
  if (leaves.length < 3) return;
  const { id } = random.pick(leaves);
  print(`- ${id}`);
  await snapshotter.remove(id, { lease });
}

print('ready');
for (;;) {
  if (random.next(5) < 2) await removeOne();
  else await makeLayer();
}
