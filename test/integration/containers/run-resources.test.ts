// Resources of a run, cleared by hand: as by a command that is killed in the middle, again and again.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { bundleOf } from '../../../src/engine/containers/state/locations.ts';
import { clearRun, runResources } from '../../../src/engine/containers/state/run-resources.ts';
import { supervisorOf } from '../../../src/engine/containers/state/supervisor.ts';
import { execsOf } from '../../../src/store/layout.ts';
import type { Store } from '../../../src/store/store.ts';
import { defaultConfiguration } from '../../helpers/default-configuration.ts';
import { leftoversOf } from '../../helpers/leftovers.ts';
import { needs } from '../../helpers/needs.ts';
import { recordsOf } from '../../helpers/store-places.ts';
import { testStore } from '../../helpers/test-store.ts';

const skip = needs('root', 'overlay', 'runc', 'conmon', 'busybox');

test('clearing a run can be interrupted after any of its resources and begun again', {
  skip,
}, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  const { layout, containers } = engine;
  using metadata = recordsOf({ layout });
  const store = { layout, metadata, configuration: defaultConfiguration } as Store;
  const ids: string[] = [];
  for (let at = 0; at < runResources.length; at++) {
    const { id } = await containers.create({ image: 'busybox', command: ['sleep', '1000'] });
    await containers.start(id);
    ids.push(id);
    const run = { store, id, supervisor: supervisorOf(bundleOf(layout, id)) };
    for (const { clear } of runResources.slice(0, at + 1)) await clear(run);
    await clearRun(run);
    await clearRun(run);
  }
  const { bundles, states, mounts, groups, processes } = await leftoversOf(engine, ids);
  assert.deepEqual([bundles, states, mounts, groups, processes], [[], [], [], [], []]);
  assert.equal(new Set(runResources.map(({ name }) => name)).size, runResources.length);
});

test('a run without a supervisor clears the resources of its execs, too', { skip }, async (t) => {
  const { containers, layout } = await testStore(t, { busybox: 'busybox' });
  for (const command of [['sleep', '0.5'], ['no such program']]) {
    await using run = containers.run({ image: 'busybox', command, remove: true });
    for await (const event of run) {
      // Remains of an exec that was killed before it began.
      if (event.type === 'created')
        mkdirSync(join(execsOf(layout), `${event.id.slice(0, 16)}-left`), { recursive: true });
    }
    await run.result.catch(() => undefined);
    assert.deepEqual(readdirSync(execsOf(layout)), []);
  }
});
