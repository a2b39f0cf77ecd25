import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  allCapabilities,
  type CapabilityOptions,
  capabilitySets,
  defaultCapabilities,
  resolveCapabilities,
} from '../../../src/oci-runtime/capabilities.ts';

const without = (list: readonly string[], ...names: string[]): string[] => list.filter((name) => !names.includes(name));

const rows: readonly (readonly [string, CapabilityOptions, readonly string[]])[] = [
  ['the default', {}, defaultCapabilities],
  ['one more', { add: ['NET_ADMIN'] }, [...defaultCapabilities, 'CAP_NET_ADMIN']],
  [
    'spelled as people do',
    { add: ['cap_net_admin', 'Sys_Time'] },
    [...defaultCapabilities, 'CAP_NET_ADMIN', 'CAP_SYS_TIME'],
  ],
  ['one that is there already', { add: ['CHOWN'] }, defaultCapabilities],
  ['one less', { drop: ['MKNOD'] }, without(defaultCapabilities, 'CAP_MKNOD')],
  ['none', { drop: ['ALL'] }, []],
  ['one alone', { drop: ['all'], add: ['KILL'] }, ['CAP_KILL']],
  ['all', { add: ['ALL'] }, allCapabilities],
  ['all but one', { add: ['ALL'], drop: ['SYS_ADMIN'] }, without(allCapabilities, 'CAP_SYS_ADMIN')],
  ['all beats none', { add: ['ALL'], drop: ['ALL'] }, allCapabilities],
  ['add beats drop', { add: ['MKNOD'], drop: ['MKNOD'] }, [...without(defaultCapabilities, 'CAP_MKNOD'), 'CAP_MKNOD']],
  ['privileged beats drop', { privileged: true, drop: ['ALL'] }, allCapabilities],
  [
    'privileged where some are missing',
    { privileged: true, available: ['CAP_KILL', 'CAP_CHOWN'] },
    ['CAP_CHOWN', 'CAP_KILL'],
  ],
  ['all where some are missing', { add: ['ALL'], available: ['CAP_KILL'] }, ['CAP_KILL']],
  ['defaults where some are missing', { available: ['CAP_KILL', 'CAP_BPF'] }, ['CAP_KILL']],
];

suite('capabilities', () => {
  test('41 there are, 14 docker leaves', () => {
    assert.equal(new Set(allCapabilities).size, 41);
    assert.equal(allCapabilities[21], 'CAP_SYS_ADMIN');
    assert.equal(allCapabilities[40], 'CAP_CHECKPOINT_RESTORE');
    assert.equal(new Set(defaultCapabilities).size, 14);
  });

  for (const [name, options, expected] of rows) {
    test(name, () => assert.deepEqual(resolveCapabilities(options), expected));
  }

  test('unknown names are refused', () => {
    for (const name of ['', 'ROOT', 'CAP_ALL', 'CAP_', 'SYS-ADMIN', 'KILL\n', '__proto__']) {
      const expected = { code: 'ERR_CAPABILITY_UNKNOWN', kind: 'invalid-argument' };
      assert.throws(() => resolveCapabilities({ add: [name] }), expected);
      assert.throws(() => resolveCapabilities({ drop: [name] }), expected);
    }
  });

  test('a capability that the engine lacks cannot be requested by name', () => {
    assert.throws(() => resolveCapabilities({ add: ['BPF'], available: ['CAP_KILL'] }), {
      code: 'ERR_CAPABILITY_UNAVAILABLE',
      kind: 'permission-denied',
    });
  });

  test('nothing is inheritable, and only root has them at once', () => {
    const bounding = ['CAP_KILL'];
    const none = { inheritable: [], ambient: [] };
    assert.deepEqual(capabilitySets(bounding, 0), { bounding, effective: bounding, permitted: bounding, ...none });
    assert.deepEqual(capabilitySets(bounding, 1000), { bounding, effective: [], permitted: [], ...none });
  });
});
