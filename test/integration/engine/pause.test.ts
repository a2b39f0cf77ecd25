// A container that was paused for a commit goes on, even when the process that paused it is killed.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pauseContainer } from '../../../src/containers/pause-container.ts';
import { findRuntime } from '../../../src/containers/runtime/find-runtime.ts';
import { runtimeStatus } from '../../../src/containers/runtime/runtime-commands.ts';
import { Engine } from '../../../src/engine/index.ts';
import { StoreLayers } from '../../../src/store/layers/store-layers.ts';
import { busyboxContext } from '../../helpers/busybox-image.ts';
import { defaultConfiguration } from '../../helpers/default-configuration.ts';
import { needs } from '../../helpers/needs.ts';
import { placesOf } from '../../helpers/store-places.ts';
import { storeRoot } from '../../helpers/store-root.ts';
import { testStore } from '../../helpers/test-store.ts';
import { until } from '../../helpers/until.ts';

const source = join(import.meta.dirname, '../../../src/containers/pause-container.ts');

test('a paused container goes on at disposal, and when its pauser is killed', {
  skip: needs('root', 'runc', 'overlay', 'busybox'),
}, async (context) => {
  await using engine = await Engine.open({ root: storeRoot(context), storageDriver: 'overlay2' });
  await engine.builder.build({ context: busyboxContext(context), tags: ['box'] }).result;
  await using running = engine.containers.run({ image: 'box', command: ['sh', '-c', 'echo up; exec sleep 600'] });
  let id = '';
  for await (const event of running) {
    if (event.type === 'created') ({ id } = event);
    if (event.type === 'output') break;
  }
  const runtime = { ...findRuntime(defaultConfiguration), runtimeRoot: placesOf(engine).states };
  {
    await using paused = await pauseContainer(runtime, id);
    assert.equal(await runtimeStatus(runtime, id), 'paused');
    await using again = await pauseContainer(runtime, id);
    void [paused, again];
  }
  assert.equal(await runtimeStatus(runtime, id), 'running');

  const program = `import { pauseContainer } from ${JSON.stringify(source)};
    const paused = await pauseContainer(${JSON.stringify(runtime)}, ${JSON.stringify(id)});
    console.log('paused', typeof paused); setInterval(() => {}, 1000);`;
  const pauser = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(pauser.stdout, 'data');
  assert.equal(await runtimeStatus(runtime, id), 'paused');
  pauser.kill('SIGKILL');
  await once(pauser, 'close');
  await until(
    async () => (await runtimeStatus(runtime, id)) === 'running',
    () => 'it stays paused',
  );
});

test('each of two commits at once copies a paused container', {
  skip: needs('root', 'runc', 'overlay', 'busybox'),
}, async (context) => {
  const engine = await testStore(context, { busybox: 'busybox' });
  const { id } = await engine.containers.create({ image: 'busybox', command: ['sleep', '600'] });
  await engine.containers.start(id);
  const runtime = { ...findRuntime(defaultConfiguration), runtimeRoot: placesOf(engine).states };
  const { copy } = StoreLayers.prototype;
  const seen: unknown[] = [];
  context.mock.method(
    StoreLayers.prototype,
    'copy',
    async function (this: StoreLayers, ...args: Parameters<typeof copy>) {
      // The second copy takes longer.
      const takes = seen.push(undefined) === 1 ? 0 : 500;
      await copy.apply(this, args);
      await sleep(takes);
      seen.push(await runtimeStatus(runtime, id));
    },
  );
  await Promise.all([engine.containers.commit(id).result, engine.containers.commit(id).result]);
  assert.deepEqual(seen.filter(Boolean), ['paused', 'paused']);
  assert.equal(await runtimeStatus(runtime, id), 'running');
});
