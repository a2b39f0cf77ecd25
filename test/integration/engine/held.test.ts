// The base and layers of an image stay until it is recorded, even if every name of them is removed meanwhile.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Engine } from '../../../src/engine/index.ts';
import { openStore } from '../../../src/store/open-store.ts';
import { MainThreadHost } from '../../../src/sys/worker/main-thread-host.ts';
import { buildContext } from '../../helpers/build-context.ts';
import { busyboxContext } from '../../helpers/busybox-image.ts';
import { defaultConfiguration } from '../../helpers/default-configuration.ts';
import { needs } from '../../helpers/needs.ts';
import { storeRoot } from '../../helpers/store-root.ts';

test('the base of a build stays when it is removed while a step runs', {
  skip: needs('root', 'overlay', 'runc', 'busybox'),
}, async (context) => {
  await using engine = await Engine.open({ root: storeRoot(context) });
  await engine.builder.build({ context: busyboxContext(context), tags: ['base'] }).result;
  await engine.builder.prune({ all: true });
  const files = buildContext(context, ['FROM base', 'RUN echo ready; sleep 1'], {});
  await using building = engine.builder.build({ context: files, tags: ['made'] });
  let removals = 0;
  for await (const event of building) {
    if (event.type !== 'log' || removals > 0) continue;
    removals += (await engine.images.remove('base', { force: true })).untagged.length;
    await engine.system.collectGarbage().result;
  }
  await building.result;
  assert.equal(removals, 1);
  await engine.builder.prune({ all: true });
  assert.deepEqual((await engine.system.check().result).damages, []);
  assert.equal((await engine.containers.run({ image: 'made', command: ['true'], remove: true }).result).exitCode, 0);
});

test('the layer of a cached step is held, even when no image keeps it', {
  skip: needs('root', 'overlay'),
}, async (context) => {
  await using engine = await Engine.open({ root: storeRoot(context) });
  const { layout } = engine;
  const files = buildContext(context, ['FROM scratch', 'COPY a /'], { a: 'a' });
  await engine.builder.build({ context: files, tags: ['made'] }).result;
  await using store = openStore({
    layout,
    configuration: defaultConfiguration,
    driver: { root: layout.root },
    host: new MainThreadHost(),
    endAbandonedWork: async () => 0,
  });
  const { metadata } = store;
  const [snapshot] = metadata.snapshots.list();
  assert.ok(snapshot);
  const lease = await metadata.leases.open('test');
  const { diffId, isNew } = await store.layers.make(snapshot.id, { chainId: undefined, made: [] }, { lease });
  assert.equal(isNew, false, 'it was known');
  await engine.images.remove('made');
  await engine.system.collectGarbage().result;
  assert.ok(metadata.layers.get(diffId));
  await lease[Symbol.asyncDispose]();
  await engine.system.collectGarbage().result;
  assert.equal(metadata.layers.get(diffId), undefined);
});
