import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { test } from 'node:test';
import { needs } from '../../helpers/needs.ts';
import { testStore } from '../../helpers/test-store.ts';

test('two containers whose generated names collide both get a name', {
  skip: needs('root', 'overlay', 'busybox'),
}, async (t) => {
  const { containers } = await testStore(t, { busybox: 'busybox' });
  // The generator starts with the first name, each time.
  t.mock.method(crypto, 'randomInt', () => 0);
  syncBuiltinESMExports();
  t.after(() => {
    t.mock.restoreAll();
    syncBuiltinESMExports();
  });
  const made = await Promise.all([1, 2, 3].map(() => containers.create({ image: 'busybox', command: ['true'] })));
  const [first = '', ...others] = made.map(({ name }) => name).sort();
  assert.match(first, /^[a-z]+_[a-z]+$/);
  for (const name of others) assert.match(name, new RegExp(`^${first}_[0-9a-f]{6}$`));
});
