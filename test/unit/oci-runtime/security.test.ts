import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { createRuntimeSpec } from '../../../src/oci-runtime/create-runtime-spec.ts';
import { parseSeccompProfile, resolveSeccompProfile } from '../../../src/oci-runtime/seccomp-profile.ts';
import { readSecurityOptions } from '../../../src/oci-runtime/security-options.ts';
import { resolveGroups } from '../../../src/oci-runtime/user.ts';
import { options } from './runtime-options.fixture.ts';

const situation = { capabilities: ['CAP_SYS_ADMIN'], machine: 'amd64', kernelRelease: '6.1.0-30-amd64' } as const;
const profile = (...syscalls: readonly object[]): string =>
  JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls });

suite('a seccomp profile', () => {
  const counts: readonly (readonly [string, object, boolean])[] = [
    ['without a condition', {}, true],
    ['with a capability that is there', { includes: { caps: ['CAP_SYS_ADMIN'] } }, true],
    ['with one of two that is not', { includes: { caps: ['CAP_SYS_ADMIN', 'CAP_BPF'] } }, false],
    ['without a capability that is there', { excludes: { caps: ['CAP_BPF', 'CAP_SYS_ADMIN'] } }, false],
    ['for this machine', { includes: { arches: ['arm64', 'amd64'] } }, true],
    ['for another machine', { includes: { arches: ['s390'] } }, false],
    ['but for this machine', { excludes: { arches: ['amd64'] } }, false],
    ['from an older kernel on', { includes: { minKernel: '4.8' } }, true],
    ['from a newer kernel on', { includes: { minKernel: '6.12' } }, false],
    ['up to an older kernel', { excludes: { minKernel: '5.0' } }, false],
    ['with conditions of nothing', { includes: { caps: null, arches: [] }, excludes: {} }, true],
  ];
  for (const [name, condition, isIn] of counts) {
    test(`a rule ${name} ${isIn ? 'counts' : 'does not count'}`, () => {
      const parsed = parseSeccompProfile(profile({ names: ['bpf'], action: 'SCMP_ACT_ERRNO', ...condition }));
      assert.equal(resolveSeccompProfile(parsed, situation).syscalls.length, isIn ? 1 : 0);
    });
  }

  test('architectures are those of the machine, names may be one', () => {
    const archMap = [
      { architecture: 'SCMP_ARCH_AARCH64', subArchitectures: ['SCMP_ARCH_ARM'] },
      { architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86'] },
    ];
    const args = [{ index: 0, value: 1, op: 'SCMP_CMP_EQ' }];
    const text = JSON.stringify({
      defaultAction: 'SCMP_ACT_ERRNO',
      defaultErrnoRet: 38,
      archMap,
      syscalls: [{ name: 'mkdir', action: 'SCMP_ACT_ALLOW', args, errnoRet: 5 }],
    });
    assert.deepEqual(resolveSeccompProfile(parseSeccompProfile(text), situation), {
      defaultAction: 'SCMP_ACT_ERRNO',
      defaultErrnoRet: 38,
      architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86'],
      syscalls: [{ names: ['mkdir'], action: 'SCMP_ACT_ALLOW', args, errnoRet: 5 }],
    });
  });

  const wrong: readonly (readonly [string, string])[] = [
    ['nothing', ''],
    ['null', 'null'],
    ['a list', '[]'],
    ['no default action', '{}'],
    ['calls that are no list', '{"defaultAction":"x","syscalls":{}}'],
    ['a call that is none', profile(['x'])],
    ['a call without a name', profile({ action: 'x' })],
    ['a call without an action', profile({ names: ['x'] })],
    ['names that are numbers', profile({ names: [1], action: 'x' })],
    ['arguments that are none', profile({ names: ['x'], action: 'x', args: [{ index: -1, op: 'x' }] })],
    ['a kernel that is none', profile({ names: ['x'], action: 'x', includes: { minKernel: 'new' } })],
    ['a condition that is none', profile({ names: ['x'], action: 'x', excludes: 'y' })],
    ['architectures in two ways', '{"defaultAction":"x","architectures":["a"],"archMap":[]}'],
  ];
  for (const [name, text] of wrong) {
    test(`${name} is refused`, () => {
      assert.throws(() => parseSeccompProfile(text), { code: 'ERR_SECCOMP_PROFILE_INVALID' });
    });
  }
});

suite('security options', () => {
  const read: readonly (readonly [readonly string[], object])[] = [
    [[], { noNewPrivileges: false }],
    [['no-new-privileges'], { noNewPrivileges: true }],
    [['no-new-privileges:true'], { noNewPrivileges: true }],
    [['no-new-privileges=true', 'no-new-privileges=false'], { noNewPrivileges: false }],
    [['seccomp=unconfined'], { noNewPrivileges: false, seccomp: 'unconfined' }],
    [['seccomp=unconfined', 'seccomp=builtin'], { noNewPrivileges: false }],
    [['apparmor=unconfined', 'label=disable', 'label:type:x'], { noNewPrivileges: false }],
  ];
  for (const [texts, expected] of read) {
    test(texts.join(' ') || 'none', () => assert.deepEqual(readSecurityOptions(texts), expected));
  }
  for (const text of ['nonsense', 'a=b', 'apparmor=mine', 'no-new-privileges=perhaps', '=', 'seccompx=unconfined']) {
    test(`${text} is refused`, () => {
      assert.throws(() => readSecurityOptions([text]), { code: 'ERR_SECURITY_OPTION_INVALID' });
    });
  }
});

test('namespaces of the host take what goes with them', () => {
  const types = (hostNamespaces: readonly ('ipc' | 'pid' | 'uts')[]): string[] =>
    createRuntimeSpec({ Cmd: ['x'] }, options({ hostNamespaces })).linux.namespaces.map(({ type }) => type);
  assert.deepEqual(types([]), ['mount', 'network', 'uts', 'pid', 'ipc']);
  assert.deepEqual(types(['ipc', 'pid', 'uts']), ['mount', 'network']);
  const spec = createRuntimeSpec({ Cmd: ['x'] }, options({ hostNamespaces: ['ipc', 'uts'] }));
  assert.equal(spec.hostname, undefined, 'runc refuses to name a host that is not the container’s');
  const shm = spec.mounts.filter(({ destination }) => destination === '/dev/shm');
  assert.deepEqual(
    shm.map(({ type, source }) => [type, source]),
    [['bind', '/dev/shm']],
  );
  const sysctls = { 'kernel.shmmax': '1' };
  assert.throws(() => createRuntimeSpec({ Cmd: ['x'] }, options({ hostNamespaces: ['ipc'], sysctls })), {
    code: 'ERR_SYSCTL_INVALID',
  });
});

test('a user’s mount at /etc/hosts replaces the engine’s file', () => {
  const sourceAt = (place: string, more: Parameters<typeof options>[0]): string[] =>
    createRuntimeSpec({ Cmd: ['x'] }, options(more))
      .mounts.filter(({ destination }) => destination === place)
      .map(({ source }) => source);
  for (const destination of ['/etc/hosts', '/etc//hosts', '/etc/./hosts/']) {
    const mounts = [
      { type: 'bind', destination: '/etc/hosts', source: '/own', isOwn: true },
      { type: 'bind', destination, source: '/mine' },
    ] as const;
    assert.deepEqual(sourceAt('/etc/hosts', { mounts }), ['/mine'], destination);
  }
  const mounts = [{ type: 'bind', destination: '/dev//shm', source: '/mine' }] as const;
  assert.deepEqual(sourceAt('/dev/shm', { mounts, hostNamespaces: ['ipc'] }), ['/mine']);
});

test('groups by name and number', () => {
  const databases = { passwd: '', group: 'staff:x:50:me\nx:x:99999999999:\n' };
  assert.deepEqual(resolveGroups(['staff', '7'], databases), [50, 7]);
  for (const name of ['nobody', '', 'x']) {
    assert.throws(() => resolveGroups([name], databases), { code: 'ERR_USER_UNKNOWN' });
  }
  assert.throws(() => resolveGroups(['4294967296'], databases), { code: 'ERR_USER_INVALID' });
});
