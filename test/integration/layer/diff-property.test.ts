// Any change to a tree gives a layer that gives the same tree again: apply after diff is the identity.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ChangedTree } from '../../../src/layer/diff/change.ts';
import {
  applyChain,
  applyOnto,
  diffLayer,
  LayerIndex,
  type ListedChange,
  listChanges,
  remakeLayer,
  verifyLayer,
} from '../../../src/layer/index.ts';
import { comparePaths } from '../../../src/layer/tree-path.ts';
import { concatBytes, equalBytes } from '../../../src/lib/bytes.ts';
import { LayerTrees } from '../../helpers/layer-trees.ts';
import { needs } from '../../helpers/needs.ts';
import { fc } from '../../helpers/properties.ts';
import { isSoak, runSeed } from '../../helpers/random.ts';
import { treeListing } from '../../helpers/tree-listing.ts';
import { operate, operation } from '../../helpers/tree-operations.ts';

// A change of the root's time alone makes no entry.
const withoutTimes = (path: string): boolean => path === '';
const listing = (root: string): string[] => treeListing(root, { withoutTimes });
// Holes are compared too; not through a mount, where overlayfs fills them when it copies a file up.
const exactListing = (root: string): string[] => treeListing(root, { withoutTimes, withBlocks: true });

// The listing of an own directory: the time of a whiteout is no part of the layer. Nor are holes: overlayfs was seen to
// copy up a file with more of them than the layer's archive has.
const ownListing = (root: string): string[] => listing(root).map((line) => line.replace(/ rdev=0 @\d+/, ' deleted'));

/**
 * Returns the archive, after checking that it comes back from tree and index, and is the same when made in a worker.
 */
async function layerOf(trees: LayerTrees, tree: ChangedTree, copyTo?: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  const folder = trees.directory('indexes');
  const indexPath = join(folder, 'made.idx');
  const request = { tree, indexFolder: folder, indexPath: () => indexPath };
  const copy = copyTo === undefined ? undefined : { to: copyTo, without: new Set<string>() };
  const made = await diffLayer({ ...request, copy, sink: (chunk) => void chunks.push(chunk) });
  const bytes = concatBytes(chunks);
  assert.equal(made.tarSizeBytes, bytes.length);
  assert.deepEqual(await diffLayer(request), made);
  const files = copyTo ?? tree.upperDir;
  assert.equal(await verifyLayer(indexPath, files), true);
  using index = LayerIndex.open(indexPath);
  const again: Uint8Array[] = [];
  for await (const chunk of remakeLayer(index, files)) again.push(chunk);
  assert.ok(equalBytes(concatBytes(again), bytes));
  return bytes;
}

const copy = (from: string, to: string): string => {
  execFileSync('cp', ['-a', '--reflink=never', `${from}/.`, to]);
  return to;
};

/**
 * Checks that the changes of an overlay layer are those between the mount with it and without it, apart from unchanged
 * copies.
 */
async function checkLists(overlay: ChangedTree, upperDir: string, lowerDir: string): Promise<void> {
  const list = await Array.fromAsync(listChanges(overlay));
  for (const [at, { path }] of list.entries()) {
    const before = list[at - 1];
    assert.ok(before === undefined || comparePaths(before.path, path) < 0, 'in the order of places, each once');
  }
  const compared = await Array.fromAsync(listChanges({ kind: 'trees', upperDir, lowerDir }));
  const lines = (changes: readonly ListedChange[], isListed: (change: ListedChange) => boolean): string[] =>
    changes.filter(isListed).map(({ kind, path }) => `${kind} ${Buffer.from(path).toString('latin1')}`);
  const isFolder = ({ path }: ListedChange): boolean =>
    lstatSync(Buffer.concat([Buffer.from(`${upperDir}/`), path]), { throwIfNoEntry: false })?.isDirectory() === true;
  const isSure = (change: ListedChange): boolean => change.kind !== 'changed' || isFolder(change);
  assert.deepEqual(lines(list, isSure), lines(compared, isSure));
  const all = new Set(lines(list, () => true));
  for (const line of lines(compared, () => true)) assert.ok(all.has(line), line);
}

test('apply after diff gives the same tree, in overlay and between complete trees', {
  skip: needs('root', 'overlay'),
}, async () => {
  const operations = fc.array(operation, { minLength: 1, maxLength: 25 });
  const property = fc.asyncProperty(operations, operations, operations, async (...steps) => {
    const cleanUps: (() => unknown)[] = [];
    const trees = new LayerTrees({ after: (clean) => void cleanUps.push(clean as () => unknown) });
    try {
      await roundTrip(trees, steps);
    } finally {
      for (const clean of cleanUps) clean();
    }
  });
  await fc.assert(property, { numRuns: isSoak ? 500 : 15, seed: runSeed() });
});

type Operations = Parameters<typeof operate>[1];

async function roundTrip(trees: LayerTrees, [first, ...later]: readonly Operations[]): Promise<void> {
  const start = trees.directory('start');
  operate(start, first ?? []);
  const base = await layerOf(trees, { kind: 'trees', upperDir: start, lowerDir: undefined });
  const { dirs } = await trees.chain([base]);
  assert.deepEqual(exactListing(dirs[0]!), exactListing(start), 'a whole tree');
  const complete = trees.directory('complete');
  await applyOnto({ source: trees.blob(base), rootDir: complete, indexPath: `${complete}.idx`, isBase: true });
  assert.deepEqual(exactListing(complete), exactListing(start), 'a whole tree onto nothing');

  const lowers = [...dirs];
  for (const operations of later) {
    const upper = trees.directory('upper');
    const mount = trees.mountWritable(lowers, upper);
    execFileSync('chmod', ['--reference', lowers[0]!, mount]);
    execFileSync('chown', ['--reference', lowers[0]!, mount]);
    operate(mount, operations);
    const wanted = listing(mount);
    const snapshot = copy(mount, trees.directory('snapshot'));
    trees.unmount(mount);

    const layer = await layerOf(trees, { kind: 'overlay', upperDir: upper, lowerDirs: lowers });
    const ownDir = trees.directory('own');
    await applyChain({
      layers: [{ source: trees.blob(layer), ownDir, indexPath: `${ownDir}.idx` }],
      lowerDirs: lowers,
    });
    assert.deepEqual(listing(trees.mount([ownDir, ...lowers].toReversed())), wanted, 'overlay onto overlay');

    const copied = trees.directory('copied');
    const copiedLayer = await layerOf(trees, { kind: 'overlay', upperDir: upper, lowerDirs: lowers }, copied);
    assert.ok(equalBytes(copiedLayer, layer), 'a layer copied on the way');
    assert.deepEqual(ownListing(copied), ownListing(ownDir), 'copied and unpacked');

    await checkLists({ kind: 'overlay', upperDir: upper, lowerDirs: lowers }, snapshot, complete);

    const compared = await layerOf(trees, { kind: 'trees', upperDir: snapshot, lowerDir: complete });
    const onto = copy(complete, trees.directory('onto'));
    await applyOnto({ source: trees.blob(compared), rootDir: onto, indexPath: `${onto}.idx` });
    assert.deepEqual(listing(onto), wanted, 'compared trees onto a tree');

    await applyOnto({ source: trees.blob(layer), rootDir: complete, indexPath: `${complete}.idx` });
    assert.deepEqual(listing(complete), wanted, 'overlay onto a tree');
    lowers.unshift(ownDir);
  }
}
