// A COPY that amends an earlier one gives exactly the layer of a full copy, and the same files.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, chmodSync, renameSync, rmSync, symlinkSync, truncateSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Engine } from '../../../src/engine/index.ts';
import { layerSnapshots } from '../../../src/snapshots/amendment.ts';
import { AT_FDCWD } from '../../../src/sys/constants.ts';
import { removeXattrAt, setXattrAt } from '../../../src/sys/xattr.ts';
import { type FolderItem, fill, folderWith } from '../../helpers/build-folder.ts';
import { withImageTree } from '../../helpers/image-tree.ts';
import { needs } from '../../helpers/needs.ts';
import { openFiles } from '../../helpers/open-files.ts';
import { placesOf, recordsOf } from '../../helpers/store-places.ts';
import { storeRoot } from '../../helpers/store-root.ts';
import { treeListing } from '../../helpers/tree-listing.ts';

const skip = needs('root', 'overlay');

// Enough files for a copy that may be amended.
const many = Object.fromEntries(
  Array.from({ length: 450 }, (_, at): [string, FolderItem] => [
    `src/d${at % 9}/s${at % 5}/f${at}`,
    `content ${at} `.repeat(20),
  ]),
);
const source: Readonly<Record<string, FolderItem>> = {
  ...many,
  'src/suid': { mode: 0o4755, content: 's' },
  'src/link': { link: 'd0' },
  'src/becomes-folder': 'x',
  'src/becomes-file/in/it': 'y',
  'src/becomes-link': 'z',
  'src/empty/': '',
};

const set = (folder: string, name: string, seconds: number): void => utimesSync(join(folder, name), seconds, seconds);
const write = (folder: string, name: string, content: string): void => appendFileSync(join(folder, name), content);

/** Sets times of the base: steps from the cache keep those of the first build. */
function setBaseTimes(folder: string): void {
  for (const each of execFileSync('find', ['base'], { cwd: folder, encoding: 'utf8' }).trim().split('\n'))
    set(folder, each, 1e9);
}

/** Makes a change of every kind in a folder. */
function changeMuch(folder: string): void {
  const src = join(folder, 'src');
  write(src, 'd0/s0/f0', ' and more');
  set(src, 'd0/s0', 1_500_000_000);
  rmSync(join(src, 'd1/s1/f1'));
  rmSync(join(src, 'd2/s2'), { recursive: true });
  fill(src, { 'd2/new/er/file': 'n', 'd2/s0/another': 'a' });
  renameSync(join(src, 'd3/s3/f3'), join(src, 'd3/s3/renamed'));
  chmodSync(join(src, 'd4'), 0o711);
  chmodSync(join(src, 'd4/s4/f4'), 0o600);
  chmodSync(join(src, 'suid'), 0o2755);
  set(src, 'd5/s0/f5', 1_400_000_000);
  setXattrAt(AT_FDCWD, join(src, 'd6/s1/f6'), 'user.note', Buffer.of(1, 0, 2));
  rmSync(join(src, 'link'));
  symlinkSync('d1', join(src, 'link'));
  rmSync(join(src, 'becomes-folder'));
  fill(src, { 'becomes-folder/with/file': 'w' });
  rmSync(join(src, 'becomes-file'), { recursive: true });
  fill(src, { 'becomes-file': 'a file now' });
  rmSync(join(src, 'becomes-link'));
  symlinkSync('/etc/passwd', join(src, 'becomes-link'));
  rmSync(join(src, 'empty'), { recursive: true });
  execFileSync('mkfifo', [join(src, 'd7/fifo')]);
  fill(src, { 'd7/sparse': 'x' });
  truncateSync(join(src, 'd7/sparse'), 16_384);
}

const changeLittle = (folder: string): void => write(join(folder, 'src'), 'd0/s0/f0', '.');

interface Case {
  readonly name: string;
  readonly steps: readonly string[];
  readonly context?: Readonly<Record<string, FolderItem>>;
  readonly prepare?: (folder: string) => void;
  readonly change: (folder: string) => void;
  /** True when the later copy amends the earlier one. */
  readonly amends: boolean;
}

const cases: readonly Case[] = [
  { name: 'everything that may change', steps: ['COPY src /to'], change: changeMuch, amends: true },
  { name: 'a folder that ends in a slash, by ADD', steps: ['ADD src /to/'], change: changeMuch, amends: true },
  { name: 'into the root', steps: ['COPY src /'], change: changeMuch, amends: true },
  { name: 'all of the context', steps: ['COPY . /to'], change: changeMuch, amends: true },
  {
    name: 'owner, mode and excluded files',
    steps: ['COPY --chown=7:8 --chmod=640 --exclude=*/s4 src /to'],
    change: changeMuch,
    amends: true,
  },
  { name: 'with the folders above', steps: ['COPY --parents src /to'], change: changeMuch, amends: true },
  {
    name: 'an owner that the copy itself renames',
    steps: ['COPY --chown=app src /'],
    context: { 'base/etc/passwd': 'app:x:11:12::/:\n', 'src/etc/passwd': 'app:x:21:22::/:\n' },
    change: changeLittle,
    amends: true,
  },
  {
    name: 'more ignored than before',
    steps: ['COPY src /to'],
    change: (folder) => fill(folder, { '.dockerignore': 'src/d8/s3\n**/f1?\n!src/d1/s0/f10\n' }),
    amends: true,
  },
  {
    name: 'over files of the base at paths of added files',
    steps: ['COPY src /to'],
    context: { 'base/to/d0/s0/f0': 'of the base', 'base/to/d1/s0/new': 'of the base', 'base/to/other': 'of the base' },
    change: (folder) => {
      changeLittle(folder);
      fill(folder, { 'src/d1/s0/new': 'of the context' });
    },
    amends: true,
  },
  {
    name: 'removed files that lay over a file of the base',
    steps: ['COPY src /to'],
    context: { 'base/to/d0/s0/f0': 'of the base' },
    change: (folder) => rmSync(join(folder, 'src/d0/s0/f0')),
    amends: false,
  },
  {
    name: 'too many changes',
    steps: ['COPY src /to'],
    change: (folder) => {
      for (const name of Object.keys(many).slice(0, 150)) write(folder, name, '.');
    },
    amends: false,
  },
  {
    name: 'a file of several names',
    steps: ['COPY src /to'],
    context: { 'src/second': { sameAs: 'src/suid' } },
    change: (folder) => rmSync(join(folder, 'src/second')),
    amends: false,
  },
  {
    name: 'attributes of a folder',
    steps: ['COPY src /to'],
    prepare: (folder) => setXattrAt(AT_FDCWD, join(folder, 'src/d0'), 'user.note', Buffer.from('n')),
    change: (folder) => removeXattrAt(AT_FDCWD, join(folder, 'src/d0'), 'user.note'),
    amends: false,
  },
  { name: 'several sources', steps: ['COPY src base /to/'], change: changeLittle, amends: false },
  { name: 'linked', steps: ['COPY --link src /to'], change: changeLittle, amends: false },
  {
    name: 'few files',
    steps: ['COPY src/d0 /to'],
    change: (folder) => write(join(folder, 'src'), 'd0/s0/f0', '.'),
    amends: false,
  },
];

let amending: Engine;
let whole: Engine;
const cleanUps: (() => unknown)[] = [];

before(async () => {
  const context = { after: (cleanUp: () => unknown) => void cleanUps.push(cleanUp) };
  amending = await Engine.open({ root: storeRoot(context), storageDriver: 'overlay2' });
  whole = await Engine.open({ root: storeRoot(context), storageDriver: 'overlay2' });
  cleanUps.push(
    async () => await amending[Symbol.asyncDispose](),
    async () => await whole[Symbol.asyncDispose](),
  );
});

after(async () => {
  for (const cleanUp of cleanUps.reverse()) await cleanUp();
});

const diffIds = async (engine: Engine, image: string): Promise<readonly string[]> =>
  (await engine.images.inspect(image)).config.rootfs.diff_ids;

const listing = async (engine: Engine, image: string): Promise<string[]> =>
  await withImageTree(engine, image, (tree) => treeListing(tree, { withoutTimes: (path) => path === '' }));

/** Returns the most snapshots that hold one layer of the image. */
function mostParts(engine: Engine, image: string): number {
  using metadata = recordsOf(engine);
  const links = metadata.objects.linksOf({ kind: 'image', key: image });
  const snapshots = links.filter(({ kind }) => kind === 'snapshot');
  return Math.max(...snapshots.map(({ key }) => layerSnapshots(key, metadata.snapshots).length));
}

for (const { name, steps, context = {}, prepare, change, amends } of cases) {
  test(`${name}: ${amends ? 'amended' : 'copied in full'}, with the same layers and files`, { skip }, async (t) => {
    // The file in `src/d0/case` keeps steps of other cases out of the cache.
    const folder = folderWith(t, { 'base/etc/hosts': 'h', ...source, 'src/d0/case': name, ...context });
    fill(folder, { Dockerfile: `${['FROM scratch', 'COPY base/ /', ...steps].join('\n')}\n` });
    setBaseTimes(folder);
    prepare?.(folder);
    const first = await amending.builder.build({ context: folder }).result;
    assert.equal(mostParts(amending, first.id), 1);
    const filesBefore = openFiles();
    change(folder);
    const second = await amending.builder.build({ context: folder }).result;
    assert.equal(openFiles(), filesBefore);
    const made = await whole.builder.build({ context: folder, noCache: true }).result;
    assert.equal(mostParts(amending, second.id), amends ? 2 : 1);
    assert.deepEqual(await diffIds(amending, second.id), await diffIds(whole, made.id));
    assert.deepEqual(await listing(amending, second.id), await listing(whole, made.id));
  });
}

test('a second change amends the first copy, and a change taken back comes from the cache', {
  skip,
}, async (t) => {
  const folder = folderWith(t, { Dockerfile: 'FROM scratch\nCOPY src /to\nCOPY own /own\n', ...source, own: 'o' });
  const build = async (noCache = false): Promise<string> =>
    (await amending.builder.build({ context: folder, noCache }).result).id;
  const first = await build();
  write(folder, 'src/becomes-link', '1');
  const second = await build();
  write(folder, 'src/becomes-link', '2');
  const third = await build();
  assert.notEqual(third, second);
  truncateSync(join(folder, 'src/becomes-link'), 2);
  assert.equal(await build(), second);
  truncateSync(join(folder, 'src/becomes-link'), 1);
  assert.equal(await build(), first);

  // A copy made again with other times is not one that later copies could amend.
  set(folder, 'src/suid', 1_300_000_000);
  const anew = await build(true);
  set(folder, 'src/suid', 1_200_000_000);
  write(folder, 'src/becomes-link', '3');
  const last = await build();
  assert.deepEqual(
    await diffIds(amending, last),
    await diffIds(whole, (await whole.builder.build({ context: folder }).result).id),
  );
  assert.notEqual(last, anew);
});

test('a copy goes without an earlier one whose index is damaged or missing', { skip }, async (t) => {
  const folder = folderWith(t, { Dockerfile: 'FROM scratch\nCOPY src /to\n', ...source, 'src/d0/case': 'damaged' });
  const first = await amending.builder.build({ context: folder }).result;
  const [diffId = ''] = await diffIds(amending, first.id);
  const index = placesOf(amending).index(diffId);
  for (const damage of [() => truncateSync(index, 200), () => rmSync(index)]) {
    damage();
    changeLittle(folder);
    const { id } = await amending.builder.build({ context: folder }).result;
    assert.equal(mostParts(amending, id), 2);
    const made = await whole.builder.build({ context: folder, noCache: true }).result;
    assert.deepEqual(await diffIds(amending, id), await diffIds(whole, made.id));
  }
});

test('a linked copy on another base takes an earlier amended copy as one whole layer', { skip }, async (t) => {
  const folder = folderWith(t, {
    Dockerfile: 'FROM scratch\nCOPY src /to\n',
    ...source,
    'src/d0/case': 'linked later',
  });
  // The test before this one left damage.
  const { damages } = await amending.system.check().result;
  await amending.builder.build({ context: folder }).result;
  changeMuch(folder);
  const { id } = await amending.builder.build({ context: folder }).result;
  assert.equal(mostParts(amending, id), 2);
  fill(folder, { 'base/etc/hosts': 'h', Linked: 'FROM scratch\nCOPY base/ /\nCOPY --link src /to\n' });
  setBaseTimes(folder);
  const linked = await amending.builder.build({ context: folder, dockerfile: 'Linked' }).result;
  assert.equal(mostParts(amending, linked.id), 1);
  const made = await whole.builder.build({ context: folder, dockerfile: 'Linked', noCache: true }).result;
  assert.deepEqual(await listing(amending, linked.id), await listing(whole, made.id));
  const [, diffId] = await diffIds(amending, linked.id);
  assert.equal(diffId, (await diffIds(whole, made.id))[1]);
  assert.deepEqual((await amending.system.check().result).damages, damages);
});

test('an amended layer outlives the image and the cached step it amends, is saved as it is, and is no damage', {
  skip,
}, async (t) => {
  const folder = folderWith(t, { Dockerfile: 'FROM scratch\nCOPY src /to\n', ...source });
  const root = storeRoot(t);
  await using engine = await Engine.open({ root, storageDriver: 'overlay2' });
  await engine.builder.build({ context: folder, tags: ['first'] }).result;
  changeMuch(folder);
  const { id } = await engine.builder.build({ context: folder, tags: ['second'] }).result;
  assert.equal(mostParts(engine, id), 2);
  const files = await listing(engine, id);
  await engine.images.remove('first');
  await engine.builder.prune({ all: true });
  assert.deepEqual(await listing(engine, id), files);
  const { damages, orphans } = await engine.system.check().result;
  assert.deepEqual({ damages, orphans }, { damages: [], orphans: [] });

  const archive = join(folder, 'saved.tar');
  await engine.images.save({ images: ['second'], output: archive }).result;
  await using other = await Engine.open({ root: storeRoot(t), storageDriver: 'overlay2' });
  await other.images.load({ input: archive }).result;
  assert.deepEqual(await listing(other, id), files);
});
