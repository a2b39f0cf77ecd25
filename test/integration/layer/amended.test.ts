// A layer in two directories, of which one amends the other, equals that of one directory with the same files.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  lutimesSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type ChangedTree, diffLayer, LayerIndex, remakeLayer, verifyLayer } from '../../../src/layer/index.ts';
import { concatBytes, equalBytes } from '../../../src/lib/bytes.ts';
import { AT_FDCWD } from '../../../src/sys/constants.ts';
import { setXattrAt } from '../../../src/sys/xattr.ts';
import { LayerTrees } from '../../helpers/layer-trees.ts';
import { needs } from '../../helpers/needs.ts';
import { dir, file, tar } from '../../helpers/tar-builder.ts';
import { treeListing } from '../../helpers/tree-listing.ts';

const base = tar(dir('etc'), file('etc/hosts', 'h'), dir('app'), file('app/of-base', 'b'));

/** Fills the amended directory; all of it is new in `app/new` and `top`. */
function furnish(root: string): void {
  const make = join(root, 'app/new');
  for (const folder of ['kept', 'gone', 'again', 'becomes-file', 'moded', 'deep/er/est']) {
    mkdirSync(join(make, folder), { recursive: true });
    for (const name of ['a', 'b', 'c']) writeFileSync(join(make, folder, name), `${folder} ${name}`);
  }
  writeFileSync(join(make, 'becomes-folder'), 'f');
  symlinkSync('kept/a', join(make, 'link'));
  symlinkSync('kept/b', join(make, 'other-link'));
  writeFileSync(join(make, 'empty'), '');
  setXattrAt(AT_FDCWD, join(make, 'kept/b'), 'user.note', Buffer.from('n'));
  writeFileSync(join(root, 'top'), 't');
}

function amend(root: string): void {
  const make = join(root, 'app/new');
  rmSync(join(make, 'gone'), { recursive: true });
  rmSync(join(make, 'again'), { recursive: true });
  mkdirSync(join(make, 'again'));
  writeFileSync(join(make, 'again/d'), 'only this one');
  rmSync(join(make, 'becomes-file'), { recursive: true });
  writeFileSync(join(make, 'becomes-file'), 'a file now');
  rmSync(join(make, 'becomes-folder'));
  mkdirSync(join(make, 'becomes-folder/with'), { recursive: true });
  chmodSync(join(make, 'moded'), 0o700);
  writeFileSync(join(make, 'deep/er/est/b'), 'changed');
  rmSync(join(make, 'deep/er/est/c'));
  writeFileSync(join(make, 'deep/er/est/0-new'), 'added');
  rmSync(join(make, 'link'));
  symlinkSync('kept/c', join(make, 'link'));
  writeFileSync(join(make, 'kept/.hidden'), 'x');
}

/** Sets one time on files written just now, and touches nothing else, which would be a change. */
function setTimes(root: string): void {
  const written = [join(root, 'app'), join(root, 'top'), '-depth', '-newermt', '@1700000000'];
  for (const path of execFileSync('find', written, { encoding: 'utf8' }).split('\n')) {
    if (path !== '') lutimesSync(path, 1_700_000_000, 1_700_000_000);
  }
  utimesSync(root, 1_700_000_000, 1_700_000_000);
}

async function archiveOf(trees: LayerTrees, tree: ChangedTree): Promise<{ bytes: Uint8Array; indexPath: string }> {
  const indexFolder = trees.directory('indexes');
  const indexPath = join(indexFolder, 'made.idx');
  const chunks: Uint8Array[] = [];
  const request = { tree, indexFolder, indexPath: () => indexPath };
  const made = await diffLayer({ ...request, sink: (chunk) => void chunks.push(chunk) });
  assert.deepEqual(await diffLayer(request), made, 'in a worker');
  return { bytes: concatBytes(chunks), indexPath };
}

async function remake(indexPath: string, files: readonly string[]): Promise<Uint8Array> {
  using index = LayerIndex.open(indexPath);
  const chunks: Uint8Array[] = [];
  for await (const chunk of remakeLayer(index, files)) chunks.push(chunk);
  return concatBytes(chunks);
}

test('changes of all kinds give the same archive, which comes back from both directories', {
  skip: needs('root', 'overlay'),
}, async (context) => {
  const trees = new LayerTrees(context);
  const { dirs: lowerDirs } = await trees.chain([base]);
  const write = (lowers: readonly string[], upper: string, change: (root: string) => void): string => {
    const mount = trees.mountWritable(lowers, upper);
    change(mount);
    setTimes(mount);
    trees.unmount(mount);
    return upper;
  };
  const amendedDir = write(lowerDirs, trees.directory('amended'), furnish);
  const upperDir = write([amendedDir, ...lowerDirs], trees.directory('amending'), amend);
  const atOnce = write(lowerDirs, trees.directory('at-once'), (root) => {
    furnish(root);
    // A missing name hides nothing, as in a directory that has not been written to before.
    amend(root);
    const moved = join(root, 'app/new.moved');
    renameSync(join(root, 'app/new'), moved);
    execFileSync('cp', ['-a', moved, join(root, 'app/new')]);
    rmSync(moved, { recursive: true });
  });

  const expected = await archiveOf(trees, { kind: 'overlay', upperDir: atOnce, lowerDirs });
  const { bytes, indexPath } = await archiveOf(trees, { kind: 'overlay', upperDir, amendedDir, lowerDirs });
  assert.ok(equalBytes(bytes, expected.bytes));
  const shown = (...layers: string[]): string[] => treeListing(trees.mount([...lowerDirs, ...layers]));
  assert.deepEqual(shown(amendedDir, upperDir), shown(atOnce));

  const { indexPath: amendedIndex } = await archiveOf(trees, { kind: 'overlay', upperDir: amendedDir, lowerDirs });
  const tree = { kind: 'overlay', upperDir, amendedDir, amendedIndex, lowerDirs } as const;
  const byIndex = await archiveOf(trees, tree);
  assert.ok(equalBytes(byIndex.bytes, bytes));
  assert.deepEqual(readFileSync(byIndex.indexPath), readFileSync(indexPath));
  assert.ok(equalBytes(await remake(indexPath, [upperDir, amendedDir]), bytes));
  assert.equal(await verifyLayer(indexPath, [upperDir, amendedDir]), true);
  assert.equal(await verifyLayer(indexPath, [upperDir]), false);
  writeFileSync(join(amendedDir, 'app/new/kept/a'), 'kept b');
  assert.equal(await verifyLayer(indexPath, [upperDir, amendedDir]), false);
});
