import assert from 'node:assert/strict';
import { lstatSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Engine } from '../../../src/engine/index.ts';
import { isStrataError } from '../../../src/errors/index.ts';
import { type FolderItem, folderWith } from '../../helpers/build-folder.ts';
import { withImageTree } from '../../helpers/image-tree.ts';
import { needs } from '../../helpers/needs.ts';
import { storeRoot } from '../../helpers/store-root.ts';
import { dir, file, tar } from '../../helpers/tar-builder.ts';

const skip = needs('root', 'overlay');

const epoch = 1_000_000_000;
const fileTime = 1_500_000_000;

async function openStore(t: TestContext): Promise<Engine> {
  const engine = await Engine.open({ root: storeRoot(t), storageDriver: 'overlay2' });
  t.after(() => engine[Symbol.asyncDispose]());
  return engine;
}

/** Creates a context whose files all have one time. */
function context(t: TestContext, items: Readonly<Record<string, FolderItem>>): string {
  const folder = folderWith(t, items);
  for (const name of ['', ...readdirSync(folder, { recursive: true, encoding: 'utf8' })]) {
    utimesSync(join(folder, name), fileTime, fileTime);
  }
  return folder;
}

const build = async (
  engine: Engine,
  folder: string,
  buildArgs: Readonly<Record<string, string>> = { SOURCE_DATE_EPOCH: `${epoch}` },
): Promise<string> => (await engine.builder.build({ context: folder, buildArgs }).result).id;

const dockerfile = `FROM scratch
ADD base.tar /
WORKDIR /made/by/workdir
COPY one /etc/one
COPY one /new/deep/
COPY --link one /linked/
COPY <<EOF one /inline/
content
EOF
ADD base.tar /unpacked/here
COPY tree /tree/of/files
COPY --parents tree/a /parents/
LABEL a=b
`;

const items = {
  Dockerfile: dockerfile,
  one: '1',
  'base.tar': tar(dir('etc', { mtime: fileTime }), file('etc/name', 'x', { mtime: fileTime })),
  'tree/a': 'a',
  'tree/sub/b': 'b',
} as const;

/** Groups everything below a folder by its time in seconds. */
function byTime(folder: string): Record<string, string[]> {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  const found: Record<string, string[]> = {};
  for (const path of paths) (found[lstatSync(join(folder, path)).mtimeMs / 1000] ??= []).push(path);
  return found;
}

test('SOURCE_DATE_EPOCH sets the time of created files, copied ones keep theirs', { skip }, async (t) => {
  const engine = await openStore(t);
  const id = await build(engine, context(t, items));
  const { config } = await engine.images.inspect(id);
  assert.equal(config.created, '2001-09-09T01:46:40Z');
  assert.deepEqual([...new Set(config.history.map(({ created }) => created))], ['2001-09-09T01:46:40Z']);
  await withImageTree(engine, id, (tree) => {
    const made =
      'etc inline inline/EOF linked made made/by made/by/workdir new new/deep tree tree/of unpacked unpacked/here';
    const copied =
      'etc/name etc/one inline/one linked/one new/deep/one parents parents/tree parents/tree/a tree/of/files ' +
      'tree/of/files/a tree/of/files/sub tree/of/files/sub/b unpacked/here/etc unpacked/here/etc/name';
    assert.deepEqual(byTime(tree), { [epoch]: made.split(' '), [fileTime]: copied.split(' ') });
  });
});

test('SOURCE_DATE_EPOCH gives the same image in another store, and when an earlier copy is amended', {
  skip,
}, async (t) => {
  // Enough files for a second thread.
  const names = Array.from({ length: 1100 }, (_, at) => `many/${at % 20}/${at}`);
  const many = Object.fromEntries(names.map((name) => [name, name]));
  const folder = context(t, { ...items, ...many, Dockerfile: `${dockerfile}COPY many /etc/many\n` });
  const engine = await openStore(t);
  const first = await build(engine, folder);
  writeFileSync(join(folder, 'many/0/0'), 'changed');
  utimesSync(join(folder, 'many/0/0'), fileTime, fileTime);
  const amended = await build(engine, folder);
  assert.notEqual(amended, first);
  assert.equal(await build(await openStore(t), folder), amended);
});

test('SOURCE_DATE_EPOCH with other times gives other steps', { skip }, async (t) => {
  const engine = await openStore(t);
  const folder = context(t, items);
  const id = await build(engine, folder);
  const later = await build(engine, folder, { SOURCE_DATE_EPOCH: `${epoch + 1}` });
  assert.notDeepEqual(await layersOf(engine, later), await layersOf(engine, id));
  assert.equal(await build(engine, folder), id);
  // An ARG of the Dockerfile or before FROM counts, an empty one does not.
  const named = context(t, { ...items, Dockerfile: `ARG SOURCE_DATE_EPOCH=${epoch}\n${dockerfile}` });
  assert.equal(await build(engine, named, {}), id);
  assert.equal(await build(engine, named, { SOURCE_DATE_EPOCH: `${epoch + 1}` }), later);
  const { config } = await engine.images.inspect(await build(engine, named, { SOURCE_DATE_EPOCH: '' }));
  assert.match(config.created ?? '', /^20[2-9]/);
  const old = await engine.images.inspect(await build(engine, folder, { SOURCE_DATE_EPOCH: '-5' }));
  assert.equal(old.config.created, '1969-12-31T23:59:55Z');
});

const layersOf = async (engine: Engine, id: string): Promise<readonly string[]> =>
  (await engine.images.inspect(id)).config.rootfs.diff_ids;

test('SOURCE_DATE_EPOCH must be a number of seconds', { skip }, async (t) => {
  const engine = await openStore(t);
  const folder = context(t, items);
  for (const value of ['abc', '1.5', '1e3', ' 1', '0x10', '99999999999999999999', '253402300800']) {
    await assert.rejects(
      build(engine, folder, { SOURCE_DATE_EPOCH: value }),
      (error) =>
        isStrataError(error, 'ERR_SOURCE_DATE_EPOCH_INVALID') &&
        error.message === `invalid SOURCE_DATE_EPOCH: ${value}`,
      value,
    );
  }
});
