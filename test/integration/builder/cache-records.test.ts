// The build cache as a list: keys, their inputs, and the results recorded under them.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type CachedStep, Engine } from '../../../src/engine/index.ts';
import { folderWith } from '../../helpers/build-folder.ts';
import { needs } from '../../helpers/needs.ts';
import { storeRoot } from '../../helpers/store-root.ts';
import { file, tar } from '../../helpers/tar-builder.ts';

const skip = needs('root', 'overlay');

async function openStore(t: TestContext, root: string, storageDriver: string): Promise<Engine> {
  const engine = await Engine.open({ root, storageDriver });
  t.after(() => engine[Symbol.asyncDispose]());
  return engine;
}

/** Builds, and returns the last state of each step. */
async function build(engine: Engine, context: string, ...lines: readonly string[]): Promise<string[]> {
  const states = new Map<string, string>();
  await using operation = engine.builder.build({ context, dockerfile: { text: lines.join('\n') }, tags: ['built'] });
  for await (const event of operation) if (event.type === 'step') states.set(event.vertex.name, event.step.state);
  await operation.result;
  return [...states.values()];
}

test('a key leads to its inputs, and those lead to the layers made of them', { skip }, async (t) => {
  const engine = await openStore(t, storeRoot(t), 'overlay2');
  async function* input(): AsyncGenerator<Uint8Array> {
    yield tar(file('etc/name', 'imported'));
  }
  await engine.images.import({ input: input(), reference: 'base' }).result;
  const context = folderWith(t, { a: 'a', b: 'b' });
  await build(engine, context, 'FROM base', 'COPY a /', 'WORKDIR /w', 'COPY --link b /');
  const { diff_ids } = (await engine.images.inspect('built')).config.rootfs;
  const steps = await engine.builder.list();
  const findStep = (part: string): CachedStep =>
    steps.find(({ description }) => description.includes(part)) ?? assert.fail(part);
  const [copy, workdir, link] = [findStep('COPY a'), findStep('WORKDIR'), findStep('LINK COPY b')];
  const linked = steps.find((step) => step !== link && step.description.includes('COPY b')) ?? assert.fail();
  const output = ({ id }: CachedStep) => ({ id, identity: `sha256:${id}` });
  assert.deepEqual(copy.inputs, [{ id: undefined, identity: `chain:${diff_ids[0]}` }]);
  assert.deepEqual(workdir.inputs, [output(copy)]);
  assert.deepEqual(linked.inputs, [{ id: undefined, identity: 'scratch' }]);
  assert.deepEqual(link.inputs, [output(workdir), output(linked)]);
  assert.deepEqual(
    [copy, workdir, link].flatMap(({ layers }) => layers),
    diff_ids.slice(1),
  );
  assert.deepEqual(linked.layers, link.layers);
});

test('a key names no driver: each driver finds its own result', { skip }, async (t) => {
  const root = storeRoot(t);
  const context = folderWith(t, { a: 'a' });
  const [overlay, vfs] = [await openStore(t, root, 'overlay2'), await openStore(t, root, 'vfs')];
  const dockerfile = ['FROM scratch', 'COPY a /', 'WORKDIR /w'];
  assert.deepEqual(await build(overlay, context, ...dockerfile), ['done', 'done']);
  assert.deepEqual(await build(vfs, context, ...dockerfile), ['done', 'done']);
  assert.deepEqual(await build(overlay, context, ...dockerfile), ['hit', 'hit']);
  assert.deepEqual(await build(vfs, context, ...dockerfile), ['hit', 'hit']);
  const steps = await overlay.builder.list();
  assert.deepEqual([steps.length, new Set(steps.map(({ id }) => id)).size], [4, 2]);
});
