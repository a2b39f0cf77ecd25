// A layer that is copied while it is made: the copy holds the layer, whatever happens to the original.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { ChangeCopier } from '../../../src/layer/diff/change-copier.ts';
import { type AppliedLayer, type DiffLayerRequest, diffLayer, verifyLayer } from '../../../src/layer/index.ts';
import { OpenDirectories } from '../../../src/layer/open-directories.ts';
import { AT_FDCWD } from '../../../src/sys/constants.ts';
import { statAt, statFd } from '../../../src/sys/stat.ts';
import { setXattrAt } from '../../../src/sys/xattr.ts';
import { LayerTrees } from '../../helpers/layer-trees.ts';
import { needs } from '../../helpers/needs.ts';
import { treeListing } from '../../helpers/tree-listing.ts';

const skip = needs('root');

interface Copied {
  readonly layer: AppliedLayer;
  readonly to: string;
  readonly indexPath: string;
}

async function copyLayer(
  trees: LayerTrees,
  upperDir: string,
  { to = trees.directory('copy'), without = [], ...more }: CopyOptions = {},
): Promise<Copied> {
  const indexFolder = trees.directory('indexes');
  const indexPath = join(indexFolder, 'made.idx');
  const copy = { to, without: new Set(without) };
  const tree = { kind: 'overlay' as const, upperDir, lowerDirs: [] };
  const layer = await diffLayer({ tree, copy, indexFolder, indexPath: () => indexPath, ...more });
  return { layer, to, indexPath };
}

interface CopyOptions extends Pick<DiffLayerRequest, 'sink' | 'signal'> {
  readonly to?: string;
  readonly without?: readonly string[];
}

test('files created in the copy inherit nothing: group and ACL of a directory are its own', {
  skip,
}, async (context) => {
  const trees = new LayerTrees(context);
  const upper = trees.directory('upper');
  const to = trees.directory('copy');
  // A layer's root begins with the attributes of the root below.
  for (const root of [upper, to]) execFileSync('setfacl', ['-d', '-m', 'u:1234:rwx', root]);
  chownSync(to, 0, 50);
  chmodSync(to, 0o2755);
  execFileSync('setfacl', ['-b', upper]);
  mkdirSync(join(upper, 'd'));
  writeFileSync(join(upper, 'd/f'), 'f', { mode: 0o666 });
  writeFileSync(join(upper, 'g'), 'g');
  chownSync(join(upper, 'd'), 0, 60);
  chmodSync(join(upper, 'd'), 0o2770);
  execFileSync('setfacl', ['-d', '-m', 'u:4321:rwx', join(upper, 'd')]);
  await copyLayer(trees, upper, { to });
  const all = { xattrs: () => true };
  assert.deepEqual(treeListing(to, all), treeListing(upper, all));
});

test('excluded paths are neither copied nor in the layer, nor is what no layer can hold', {
  skip,
}, async (context) => {
  const trees = new LayerTrees(context);
  const upper = trees.directory('upper');
  for (const directory of ['etc', 'proc', 'procs']) mkdirSync(join(upper, directory));
  for (const name of ['etc/hosts', 'etc/hosts.allow', 'procs/1']) writeFileSync(join(upper, name), '');
  const server = createServer().listen(join(upper, 'socket'));
  await new Promise((resolve) => server.once('listening', resolve));
  context.after(() => server.close());
  setXattrAt(AT_FDCWD, join(upper, 'etc'), 'trusted.overlay.origin', Buffer.from('x'));
  const { layer, to, indexPath } = await copyLayer(trees, upper, { without: ['etc/hosts', 'proc'] });
  assert.deepEqual(readdirSync(to, { recursive: true }).sort(), ['etc', 'etc/hosts.allow', 'procs', 'procs/1']);
  assert.equal(layer.entries, 4);
  assert.equal(layer.warnings.length, 1);
  assert.equal(await verifyLayer(indexPath, to), true);
  assert.doesNotMatch(treeListing(to, { xattrs: () => true }).join('\n'), /overlay/);
});

test('files of all sizes, with holes and without, are copied in a worker', { skip }, async (context) => {
  const trees = new LayerTrees(context);
  const upper = trees.directory('upper');
  for (const size of [0, 1, 511, 512, 262_143, 262_144, 262_145, 3_000_000]) {
    writeFileSync(join(upper, `${size}`), Buffer.alloc(size, size));
  }
  const fd = openSync(join(upper, 'holes'), 'w');
  for (const at of [0, 5_000_000, 9_000_000]) writeSync(fd, 'data', at);
  ftruncateSync(fd, 12_345_678);
  const { layer, to, indexPath } = await copyLayer(trees, upper);
  const blocks = { withBlocks: true };
  assert.deepEqual(treeListing(to, blocks), treeListing(upper, blocks));
  assert.equal(await verifyLayer(indexPath, to), true);
  const again = await copyLayer(trees, to);
  assert.equal(again.layer.diffId, layer.diffId);
});

test('a file that changes its size after it was looked at is copied with its size at the copy', {
  skip,
}, async (context) => {
  const trees = new LayerTrees(context);
  for (const size of [1000, 1_000_000]) {
    const upper = trees.directory('upper');
    const to = trees.directory('copy');
    using tree = new OpenDirectories(upper);
    using copier = new ChangeCopier({ to, without: new Set() }, 'trusted.overlay.opaque', () => {});
    const changes = ['shorter', 'longer'].map((name) => {
      writeFileSync(join(upper, name), Buffer.alloc(size, 1));
      const path = Buffer.from(name);
      return { kind: 'entry' as const, path, tree, directory: '', stat: statAt(tree.rootFd, path) };
    });
    truncateSync(join(upper, 'shorter'), size / 2);
    appendFileSync(join(upper, 'longer'), Buffer.alloc(size, 2));
    const root = { kind: 'entry' as const, path: Buffer.alloc(0), tree, directory: '', stat: statFd(tree.rootFd) };
    for (const change of copier.copy([root, ...changes])) {
      if (change.kind !== 'entry' || change.file === undefined) continue;
      const copy = readFileSync(join(to, change.path.toString()));
      assert.equal(copy.length, change.stat.size);
      assert.ok(change.file.content === undefined || copy.equals(change.file.content));
    }
    assert.equal(statSync(join(to, 'shorter')).size, size / 2);
    assert.ok(statSync(join(to, 'longer')).size >= size);
  }
});

test('the copy ends with the signal in the middle of a file, and no file stays open', { skip }, async (context) => {
  const trees = new LayerTrees(context);
  const upper = trees.directory('upper');
  for (const name of ['a', 'b']) writeFileSync(join(upper, name), Buffer.alloc(4 << 20));
  const fds = readdirSync('/proc/self/fd');
  const controller = new AbortController();
  const { signal } = controller;
  const sink = (): void => controller.abort(new Error('enough'));
  await assert.rejects(copyLayer(trees, upper, { signal, sink }), /enough/);
  assert.deepEqual(readdirSync('/proc/self/fd'), fds);
});
