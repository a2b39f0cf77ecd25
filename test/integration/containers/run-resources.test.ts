// What a run holds, cleared by hand: as a command would that was killed in the middle, again and again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bundleOf } from '../../../src/engine/containers/state/places.ts';
import { clearRun, runResources } from '../../../src/engine/containers/state/run-resources.ts';
import { supervisorOf } from '../../../src/engine/containers/state/supervisor.ts';
import { Metadata } from '../../../src/metadata/metadata.ts';
import type { Store } from '../../../src/store/store.ts';
import { defaultConfiguration } from '../../helpers/default-configuration.ts';
import { leftoversOf } from '../../helpers/leftovers.ts';
import { needs } from '../../helpers/needs.ts';
import { testStore } from '../../helpers/test-store.ts';

const skip = needs('root', 'overlay', 'runc', 'conmon', 'busybox');

test('clearing a run that was interrupted after any of its resources is done again from the first one', {
  skip,
}, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  const { layout, containers } = engine;
  using metadata = Metadata.openToLook({ database: layout.database, locksDirectory: layout.locks });
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
