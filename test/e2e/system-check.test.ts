// Any change behind the store's back is found and named; a sound store is found sound.
import assert from 'node:assert/strict';
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type CheckResult, Engine } from '../../src/engine/index.ts';
import { overlay2 } from '../../src/snapshots/drivers/overlay2/index.ts';
import { Overlay2Snapshotter } from '../../src/snapshots/drivers/overlay2/overlay2-snapshotter.ts';
import { allDrivers, type StorageDriver } from '../../src/snapshots/index.ts';
import { buildContext } from '../helpers/build-context.ts';
import { needs } from '../helpers/needs.ts';
import { placesOf } from '../helpers/store-places.ts';
import { type StrataCommand, strataCommand } from '../helpers/strata.ts';

const skip = needs('root', 'runc');

async function built(context: TestContext): Promise<StrataCommand> {
  const strata = strataCommand(context);
  const folder = buildContext(context, ['FROM scratch', 'COPY a /a', 'COPY b /b'], { a: 'one file', b: 'another' });
  assert.equal((await strata('build', '-t', 'app', folder)).code, 0);
  return strata;
}

async function check(root: string, storageDriver = 'auto'): Promise<CheckResult> {
  await using engine = await Engine.open({ root, storageDriver });
  return await engine.system.check().result;
}

const damagesOf = ({ damages }: CheckResult): string[] => damages.map(({ kind, problem }) => `${kind}: ${problem}`);

const within = (folder: string): string[] => readdirSync(folder).map((name) => join(folder, name));

/** Returns the first file that holds this text. */
function fileWith(files: readonly string[], text: string): string {
  const found = files.find((path) => {
    const fd = openSync(path, 'r');
    const bytes = Buffer.alloc(statSync(path).size);
    readSync(fd, bytes);
    closeSync(fd);
    return bytes.includes(text);
  });
  assert.ok(found !== undefined, `no file with ${text}`);
  return found;
}

const manifestIn = (root: string): string => fileWith(within(placesOf(root).blobs), '"schemaVersion"');
const configIn = (root: string): string => fileWith(within(placesOf(root).blobs), '"diff_ids"');

function flipBit(path: string): void {
  const fd = openSync(path, 'r+');
  const byte = Buffer.alloc(1);
  const middle = statSync(path).size >> 1;
  readSync(fd, byte, 0, 1, middle);
  byte[0] = (byte[0] ?? 0) ^ 1;
  writeSync(fd, byte, 0, 1, middle);
  closeSync(fd);
}

const treeFile = (root: string): string => {
  const [path] = placesOf(root)
    .treePaths()
    .map((folder) => join(folder, 'fs/a'))
    .filter((file) => statSync(file, { throwIfNoEntry: false }));
  assert.ok(path !== undefined);
  return path;
};

const damages: readonly (readonly [what: string, harm: (root: string) => void, expected: readonly RegExp[]])[] = [
  ['a flipped bit in a manifest', (root) => flipBit(manifestIn(root)), [/^blob: its bytes have the digest sha256:/]],
  [
    'a flipped bit in a config',
    (root) => flipBit(configIn(root)),
    [/^blob: its bytes/, /^image: its config cannot be/],
  ],
  ['a cut blob', (root) => truncateSync(manifestIn(root), 10), [/^blob: has another length than recorded$/]],
  ['a missing config', (root) => rmSync(configIn(root)), [/^blob: is missing$/, /^image: its config is missing$/]],
  ['a missing index', (root) => rmSync(within(placesOf(root).indexes)[0] ?? ''), [/^layer: its index is missing$/]],
  [
    'a cut index',
    (root) => truncateSync(within(placesOf(root).indexes)[0] ?? '', 100),
    [/^layer: its index is damaged: /],
  ],
  [
    'a flipped bit in an index',
    (root) => flipBit(within(placesOf(root).indexes)[0] ?? ''),
    [/^layer: its index is damaged: /],
  ],
  [
    'a changed file of a layer',
    (root) => writeFileSync(treeFile(root), 'two files'),
    [/^layer: its files in snapshot [0-9a-f]+ have changed$/],
  ],
  [
    'a changed file of the same length',
    (root) => flipBit(treeFile(root)),
    [/^layer: its files in snapshot [0-9a-f]+ have changed$/],
  ],
  [
    'missing files of a layer',
    (root) => rmSync(join(treeFile(root), '../..'), { recursive: true }),
    [/^layer: its files in snapshot [0-9a-f]+ are missing$/],
  ],
];
for (const [what, harm, expected] of damages) {
  test(`${what} is found`, { skip: skip || needs('overlay') }, async (context) => {
    const { root } = await built(context);
    assert.deepEqual(await check(root), {
      blobs: 2,
      images: 1,
      layers: 2,
      damages: [],
      unchecked: [],
      diskFailures: [],
      orphans: [],
    });
    harm(root);
    const found = damagesOf(await check(root));
    assert.equal(found.length, expected.length, found.join('\n'));
    for (const [at, form] of expected.entries()) assert.match(found[at] ?? '', form);
  });
}

test('check names the damage and fails; files without a record are only listed', { skip }, async (context) => {
  const strata = await built(context);
  const orphan = `sha256/${'0'.repeat(64)}`;
  writeFileSync(join(strata.root, 'content/blobs', orphan), 'x');
  const sound = await strata('system', 'check');
  assert.equal(sound.code, 0, sound.stderr);
  assert.equal(
    sound.stdout,
    `checked: 2 blobs, 1 images, 2 layers\norphan: blob ${orphan.replace('/', ':')}\nno damage found\n`,
  );
  const lost = manifestIn(strata.root);
  rmSync(lost);
  const damaged = await strata('system', 'check');
  assert.equal(damaged.code, 1);
  assert.ok(damaged.stdout.includes(`damaged: blob sha256:${lost.slice(-64)}: is missing\n`), damaged.stdout);
});

test('failures of the disk are reported until the machine is restarted and a check finds everything right', {
  skip,
}, async (context) => {
  const strata = await built(context);
  const mark = join(strata.root, 'content/degraded');
  const [before, now] = ['2001-01-01T00:00:00.000Z /there EIO\n', `${new Date().toISOString()} /here EIO\n`];
  writeFileSync(mark, before + now);
  const expected = `checked: 2 blobs, 1 images, 2 layers\nthe disk failed: ${before}the disk failed: ${now}no damage found\n`;
  assert.equal((await strata('system', 'check')).stdout, expected);
  assert.equal((await strata('system', 'check')).stdout, expected);
  writeFileSync(mark, before);
  assert.match((await strata('system', 'check')).stdout, /the disk failed: 2001/);
  assert.equal((await strata('system', 'check')).stdout, 'checked: 2 blobs, 1 images, 2 layers\nno damage found\n');
  assert.ok(!existsSync(mark));
});

test('a store of whole trees is checked as well', { skip }, async (context) => {
  const strata = strataCommand(context);
  const folder = buildContext(context, ['FROM scratch', 'COPY a /a', 'COPY b /b'], { a: 'one file', b: 'another' });
  assert.equal((await strata('--storage-driver', 'vfs', 'build', '-t', 'app', folder)).code, 0);
  const { layers, damages: found } = await check(strata.root, 'vfs');
  assert.deepEqual([layers, found], [2, []]);
});

test('files of another storage driver are not checked, which is printed and is no damage', {
  skip: skip || needs('overlay'),
}, async (context) => {
  const strata = strataCommand(context);
  const { root } = strata;
  const other: StorageDriver = {
    ...overlay2,
    name: 'other',
    open: async (options) => new Overlay2Snapshotter({ ...options, name: 'other' }),
  };
  {
    const storageDrivers = { drivers: [...allDrivers.drivers, other], later: [] };
    await using engine = await Engine.open({ root, storageDriver: 'other', storageDrivers });
    const folder = buildContext(context, ['FROM scratch', 'COPY a /a'], { a: 'a' });
    await engine.builder.build({ context: folder, tags: ['app'] }).result;
  }
  const missing = 'this program does not have that driver';
  const info = await strata('info');
  assert.ok(
    info.stderr.includes(`WARNING: snapshots of storage driver other in this store cannot be used: ${missing}\n`),
  );
  const checked = await strata('system', 'check');
  assert.equal(checked.code, 0, checked.stdout);
  const line = /^not checked: image sha256:[0-9a-f]{64}: its files are in snapshots of storage driver other: (.*)$/m;
  assert.equal(line.exec(checked.stdout)?.[1], missing);
  assert.match(checked.stdout, /^no damage found$/m);
  await strata('build', '-t', 'second', buildContext(context, ['FROM scratch', 'COPY a /a'], { a: 'b' }));
  const { unchecked, damages } = await check(root, 'vfs');
  assert.deepEqual(damages, []);
  assert.deepEqual(unchecked.map(({ reason }) => reason.replace(/^.* storage driver /, '')).sort(), [
    `other: ${missing}`,
    'overlay2: vfs is in use',
  ]);
});
