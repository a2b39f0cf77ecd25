import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { type ContainerOptions, createRuntimeSpec } from '../../../src/oci-runtime/create-runtime-spec.ts';
import { defaultSeccomp } from '../../../src/oci-runtime/default-seccomp.ts';
import type { ContainerMount } from '../../../src/oci-runtime/mounts.ts';
import type { DeviceRule, RuntimeSpec, SeccompSpec } from '../../../src/oci-runtime/spec.ts';
import { machine, options } from './runtime-options.fixture.ts';

// config.json as dockerd 20.10.24 wrote it for runc, for the command lines named below; host paths shortened.
type Recorded = Omit<RuntimeSpec, 'process'> & {
  process: RuntimeSpec['process'] & { env: string[]; capabilities: { bounding: string[]; effective?: string[] } };
};
type Recording = Record<'default' | 'tty' | 'hostnet' | 'init' | 'opts', Recorded> & { seccomp: SeccompSpec };
const docker = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../golden/oci-runtime/docker-20.10.24.json'), 'utf8'),
) as Recording;

const networkFiles: readonly ContainerMount[] = ['resolv.conf', 'hostname', 'hosts'].map((name) => ({
  type: 'bind',
  source: `/container/${name}`,
  destination: `/etc/${name}`,
  isOwn: true,
}));

const commandLines: Record<Exclude<keyof Recording, 'seccomp'>, Partial<ContainerOptions>> = {
  // docker run --network none IMAGE sleep 60
  default: {},
  // … -it
  tty: { terminal: true },
  // --network host, on a machine called vm
  hostnet: { network: 'host', hostname: 'vm' },
  // --init
  init: { initPath: '/usr/bin/docker-init' },
  // -h box -e A=b -u 1000:1001 --group-add 7 -w /tmp --cap-add SYS_ADMIN --cap-drop CHOWN --read-only
  // --ulimit nofile=100:200 --memory 64m --memory-swap 128m --cpus 1.5 --cpu-shares 512 --pids-limit 50 --shm-size 16m
  // --sysctl net.ipv4.ip_forward=1 --device /dev/fuse --security-opt no-new-privileges -v /tmp:/mnt:ro
  // --tmpfs /run:size=1m
  opts: {
    hostname: 'box',
    env: ['A=b'],
    user: { uid: 1000, gid: 1001, additionalGids: [], home: '/' },
    additionalGids: [7],
    workingDir: '/tmp',
    capabilities: { add: ['SYS_ADMIN'], drop: ['CHOWN'] },
    readonlyRootfs: true,
    ulimits: [{ name: 'nofile', soft: 100, hard: 200 }],
    resources: { memoryBytes: 64 << 20, memorySwapBytes: 128 << 20, cpus: 1.5, cpuShares: 512, pidsLimit: 50 },
    shmSizeBytes: 16 << 20,
    sysctls: { 'net.ipv4.ip_forward': '1' },
    devices: [{ path: '/dev/fuse', type: 'c', major: 10, minor: 229, fileMode: 0o600, uid: 0, gid: 0 }],
    noNewPrivileges: true,
    mounts: [
      { type: 'bind', source: '/tmp', destination: '/mnt', readonly: true, propagation: 'rslave' },
      { type: 'tmpfs', destination: '/run', options: ['size=1m'] },
    ],
  },
};

const bySortedJson = (values: readonly unknown[] = []): unknown[] =>
  values.map((value) => JSON.stringify(value)).sort();
const allowedDevices = (rules: readonly DeviceRule[]): string[] =>
  rules.filter(({ allow }) => allow).map(({ type, major, minor, access }) => `${type} ${major}:${minor} ${access}`);

suite('config.json beside dockerd 20.10', () => {
  for (const [name, extra] of Object.entries(commandLines)) {
    const theirs = docker[name as keyof typeof commandLines];
    const ours = createRuntimeSpec(
      { Cmd: ['sleep', '60'] },
      options({ ...extra, mounts: [...(extra.mounts ?? []), ...networkFiles] }),
    );

    test(`${name}: process`, () => {
      const { process } = theirs;
      assert.deepEqual(ours.process.args, process.args);
      assert.equal(ours.process.cwd, process.cwd);
      assert.equal(ours.process.terminal, process.terminal ?? false);
      assert.equal(ours.process.noNewPrivileges, process.noNewPrivileges ?? false);
      assert.deepEqual(
        bySortedJson(ours.process.rlimits),
        bySortedJson(process.rlimits?.map(({ type, soft, hard }) => ({ type, soft, hard }))),
      );
      const { umask, ...user } = ours.process.user;
      assert.equal(umask, 0o022);
      assert.deepEqual(user, process.user);
      // Left out of docker's file: runc adds HOME itself, from the container's /etc/passwd.
      assert.deepEqual(
        ours.process.env.filter((entry) => !entry.startsWith('HOME=')),
        process.env,
      );
      assert.deepEqual(ours.process.capabilities.bounding, process.capabilities.bounding);
      assert.deepEqual(ours.process.capabilities.effective, process.capabilities.effective ?? []);
      assert.deepEqual(ours.process.capabilities.permitted, process.capabilities.permitted ?? []);
      assert.deepEqual(ours.process.capabilities.inheritable, []);
      assert.deepEqual(ours.process.capabilities.ambient, []);
    });

    test(`${name}: mounts`, () => {
      const expected = theirs.mounts.map((mount) => {
        // Docker leaves the propagation of its init program to the runtime, which makes it private too.
        if (mount.destination === '/sbin/docker-init') return { ...mount, options: [...mount.options, 'rprivate'] };
        // Since docker 25 a read-only bind is read-only all the way down.
        const options = mount.options.map((option) => (option === 'ro' ? 'rro' : option));
        return mount.type === 'bind' ? { ...mount, options } : mount;
      });
      const system = new Set(['/sys', '/sys/fs/cgroup']);
      const sorted = (mounts: RuntimeSpec['mounts']): unknown[] =>
        mounts.map((mount) =>
          system.has(mount.destination) ? { ...mount, options: mount.options.toSorted() } : mount,
        );
      assert.deepEqual(sorted(ours.mounts), sorted(expected));
      assert.equal(ours.root.readonly, theirs.root.readonly ?? false);
      assert.equal(ours.hostname, theirs.hostname);
    });

    test(`${name}: kernel`, () => {
      // For the host's network, docker names the host's namespace by path. No namespace at all is the same.
      const namespaces = theirs.linux.namespaces.filter(({ path }) => path === undefined);
      assert.deepEqual(ours.linux.namespaces, namespaces);
      assert.equal(ours.linux.rootfsPropagation, extra.mounts?.length === 2 ? 'rslave' : undefined);
      assert.deepEqual(ours.linux.sysctl, theirs.linux.sysctl ?? {});
      assert.deepEqual(ours.linux.devices ?? [], theirs.linux.devices ?? []);
      assert.deepEqual(ours.linux.readonlyPaths, theirs.linux.readonlyPaths);
      // Newer dockers mask more (GHSA-6fw5-f8r9-fgfm).
      const added = ours.linux.maskedPaths.filter((path) => !theirs.linux.maskedPaths.includes(path));
      assert.deepEqual(
        theirs.linux.maskedPaths.filter((path) => !ours.linux.maskedPaths.includes(path)),
        [],
      );
      assert.deepEqual(added, [
        '/proc/interrupts',
        '/sys/devices/virtual/powercap',
        '/sys/devices/system/cpu/cpu0/thermal_throttle',
        '/sys/devices/system/cpu/cpu1/thermal_throttle',
      ]);
      const theirResources = theirs.linux.resources;
      // Docker's list lacks /dev/full, which the runtime makes and allows by its own rules.
      assert.deepEqual(
        allowedDevices(ours.linux.resources.devices)
          .filter((device) => device !== 'c 1:7 rwm')
          .sort(),
        allowedDevices(theirResources.devices).sort(),
      );
      assert.deepEqual(ours.linux.resources.devices[0], { allow: false, access: 'rwm' });
      for (const [key, value] of Object.entries({ ...ours.linux.resources.memory, ...ours.linux.resources.cpu })) {
        assert.equal({ ...theirResources.memory, ...theirResources.cpu }[key as 'limit'], value, key);
      }
      assert.deepEqual(ours.linux.resources.pids, theirResources.pids);
    });
  }

  test('the seccomp profile allows the same calls, but for what docker changed since', () => {
    const allowed = (profile: SeccompSpec): Set<string> =>
      new Set(
        profile.syscalls
          .filter(({ action }) => action === 'SCMP_ACT_ALLOW')
          .flatMap(({ names, args }) => names.map((name) => `${name}${args ? ` ${JSON.stringify(args)}` : ''}`)),
      );
    const { bounding } = docker.default.process.capabilities;
    const ours = allowed(defaultSeccomp({ capabilities: bounding, machine: 'amd64', kernelRelease: '6.1.0' }));
    const theirs = allowed(docker.seccomp);
    // Docker 25 removed io_uring, and rules of sockets compare the family. Our rule for clone writes out the second
    // value 0.
    const gone = [...theirs].filter((call) => !ours.has(call)).map((call) => call.replace(/ .*/, ''));
    assert.deepEqual(gone.sort(), ['clone', 'io_uring_enter', 'io_uring_register', 'io_uring_setup', 'socket']);
    // These calls are newer than docker 20.10, or were allowed later as harmless.
    const come = new Set([...ours].filter((call) => !theirs.has(call)).map((call) => call.replace(/ .*/, '')));
    assert.deepEqual([...come].sort(), [
      'cachestat',
      'clone',
      'fchmodat2',
      'futex_requeue',
      'futex_wait',
      'futex_wake',
      'getxattrat',
      'listmount',
      'listxattrat',
      'map_shadow_stack',
      'mseal',
      'name_to_handle_at',
      'pkey_alloc',
      'pkey_free',
      'pkey_mprotect',
      'process_vm_readv',
      'process_vm_writev',
      'removexattrat',
      'riscv_hwprobe',
      'setxattrat',
      'socket',
      'statmount',
      'uretprobe',
    ]);
    assert.deepEqual(
      defaultSeccomp({ capabilities: bounding, machine: 'amd64', kernelRelease: '6.1.0' }).architectures,
      docker.seccomp.architectures,
    );
    assert.equal(machine.architecture, 'amd64');
  });
});
