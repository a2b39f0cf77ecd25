// A container's image is shown by the name it was created with, as long as that name leads to this image. As docker
// 26.1.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Filters } from '../../../src/query/filters.ts';
import { temporaryFolder } from '../../helpers/build-folder.ts';
import { needs } from '../../helpers/needs.ts';
import { testStore } from '../../helpers/test-store.ts';

test('ps and inspect follow a name that was moved, removed or given back', {
  skip: needs('root', 'overlay', 'busybox'),
}, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  const { containers } = engine;
  const { id } = await engine.images.inspect('busybox');
  await engine.images.tag('busybox', 'moved:1');
  await engine.images.tag('busybox', 'other');
  const made = {
    byTag: 'moved:1',
    inFull: 'docker.io/library/moved:1',
    withoutTag: 'other',
    byId: id,
    byShortId: id.slice(7, 19),
  };
  for (const [name, image] of Object.entries(made)) await containers.create({ name, image, command: ['true'] });
  const listImageNames = async (): Promise<Record<string, string>> =>
    Object.fromEntries((await containers.list({ all: true })).map(({ name, image }) => [name, image]));
  const inUse = async (): Promise<Record<string, string>> =>
    Object.fromEntries((await engine.system.diskUsage()).containerList.map(({ name, image }) => [name, image]));
  const names = async (filter: string): Promise<number> =>
    (await containers.list({ all: true, filters: Filters.fromFlags([filter]) })).length;

  assert.deepEqual(await listImageNames(), made);
  const context = temporaryFolder(t, 'label');
  await engine.builder.build({ context, dockerfile: { text: 'FROM busybox\nLABEL a=b' }, tags: ['moved:1'] }).result;
  const moved = { ...made, byTag: id, inFull: id };
  assert.deepEqual(await listImageNames(), moved);
  assert.deepEqual(await inUse(), moved);
  const { Config, Image } = await containers.inspect('byTag');
  assert.deepEqual([(Config as { readonly Image: string }).Image, Image], ['moved:1', id]);
  assert.deepEqual([await names('ancestor=moved:1'), await names('ancestor=busybox')], [0, 5]);

  await engine.images.remove('moved:1');
  assert.deepEqual(await listImageNames(), moved);
  await engine.images.tag('busybox', 'moved:1');
  assert.deepEqual(await listImageNames(), made);
  await engine.images.remove('other');
  assert.deepEqual(await listImageNames(), { ...made, withoutTag: id });
  await engine.images.remove(id, { force: true });
  assert.deepEqual(await listImageNames(), { ...moved, withoutTag: id });
});
