import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type ContainerOptions, createRuntimeSpec } from '../../../src/oci-runtime/create-runtime-spec.ts';
import { formatRuntimeDocument } from '../../../src/oci-runtime/format.ts';
import type { Propagation } from '../../../src/oci-runtime/mounts.ts';
import type { RunConfig } from '../../../src/spec/config.ts';
import { machine, options, root } from './runtime-options.fixture.ts';

const image: RunConfig = { Cmd: ['true'] };
const bind = (source: string, destination: string): Partial<ContainerOptions> => ({
  mounts: [{ type: 'bind', source, destination }],
});

const refused: readonly (readonly [string, RunConfig, Partial<ContainerOptions>, string])[] = [
  ...[
    '/proc/self/fd/8',
    '/proc/self/fd/8/../7',
    '/x/../proc/self/fd/8',
    '//proc//x/..//self/fd/8',
    '/dev/shm/../fd/8',
    '/proc//self/./fd/8',
    '/proc/1/root',
    '/proc/thread-self/cwd',
    '/dev/fd/7',
    '../..',
    'a/../../b',
    'relative',
    '/nul\0',
    '/'.padEnd(5000, 'x'),
  ].map(
    (WorkingDir) =>
      [
        `WORKDIR ${JSON.stringify(WorkingDir.slice(0, 30))}`,
        { ...image, WorkingDir },
        {},
        'ERR_WORKING_DIRECTORY_INVALID',
      ] as const,
  ),
  ...['a b', 'a\n127.0.0.1 host', '', '-a', 'a.', 'ä', 'x'.repeat(65), 'a\0', '../x', 'a/b'].map(
    (hostname) =>
      [`hostname ${JSON.stringify(hostname.slice(0, 30))}`, image, { hostname }, 'ERR_HOSTNAME_INVALID'] as const,
  ),
  ['domain with a line break', image, { domainname: 'x\ny' }, 'ERR_HOSTNAME_INVALID'],
  ['Env with a NUL', { ...image, Env: ['A=\0'] }, {}, 'ERR_COMMAND_INVALID'],
  ['Env without a name', { ...image, Env: ['=x'] }, {}, 'ERR_ENVIRONMENT_INVALID'],
  [
    'an Env of 2 MB',
    { ...image, Env: Array.from({ length: 20_000 }, (_, i) => `V${i}=${'x'.repeat(100)}`) },
    {},
    'ERR_COMMAND_TOO_LARGE',
  ],
  ['no command', {}, {}, 'ERR_COMMAND_MISSING'],
  ['a mount on the root', image, bind('/srv', '/'), 'ERR_MOUNT_INVALID'],
  ['a mount that climbs to the root', image, bind('/srv', '/a/../..'), 'ERR_MOUNT_INVALID'],
  ['a relative destination', image, bind('/srv', 'srv'), 'ERR_MOUNT_INVALID'],
  ['a relative source', image, bind('srv', '/srv'), 'ERR_MOUNT_INVALID'],
  ['a NUL in a source', image, bind('/srv\0', '/srv'), 'ERR_MOUNT_INVALID'],
  [
    'two mounts at one place',
    image,
    {
      mounts: [
        { type: 'tmpfs', destination: '/x' },
        { type: 'tmpfs', destination: '/x/.' },
      ],
    },
    'ERR_MOUNT_INVALID',
  ],
  [
    'an unknown tmpfs option',
    image,
    { mounts: [{ type: 'tmpfs', destination: '/x', options: ['context=root'] }] },
    'ERR_MOUNT_INVALID',
  ],
  [
    '100,000 mounts',
    image,
    { mounts: Array.from({ length: 100_000 }, (_, i) => ({ type: 'tmpfs' as const, destination: `/m${i}` })) },
    'ERR_MOUNT_INVALID',
  ],
  ...[
    'kernel.core_pattern',
    'vm.swappiness',
    'kernel.hostname',
    'net',
    'net..x',
    'net.ipv4/../../kernel',
    'fs.file-max',
    'KERNEL.SEM',
  ].map((name) => [`sysctl ${name}`, image, { sysctls: { [name]: '1' } }, 'ERR_SYSCTL_INVALID'] as const),
  [
    "a network sysctl of the host's",
    image,
    { network: 'host', sysctls: { 'net.ipv4.ip_forward': '1' } },
    'ERR_SYSCTL_INVALID',
  ],
  ...['mynet', 'constructor', ''].map(
    (network) => [`network ${network}`, image, { network }, 'ERR_NOT_SUPPORTED_YET'] as const,
  ),
  ['a sysctl value with a line break', image, { sysctls: { 'kernel.sem': '1\n2' } }, 'ERR_SYSCTL_INVALID'],
  ['memory below 6 MiB', image, { resources: { memoryBytes: 1000 } }, 'ERR_RESOURCES_INVALID'],
  ['memory that is no number', image, { resources: { memoryBytes: Number.NaN } }, 'ERR_RESOURCES_INVALID'],
  ['swap without memory', image, { resources: { memorySwapBytes: 1 << 30 } }, 'ERR_RESOURCES_INVALID'],
  [
    'swap below memory',
    image,
    { resources: { memoryBytes: 1 << 30, memorySwapBytes: 1 << 29 } },
    'ERR_RESOURCES_INVALID',
  ],
  [
    'a reservation over the limit',
    image,
    { resources: { memoryBytes: 1 << 29, memoryReservationBytes: 1 << 30 } },
    'ERR_RESOURCES_INVALID',
  ],
  ['no processors', image, { resources: { cpus: 0 } }, 'ERR_RESOURCES_INVALID'],
  ['a strange cpuset', image, { resources: { cpusetCpus: '0;1' } }, 'ERR_RESOURCES_INVALID'],
  ['no processes', image, { resources: { pidsLimit: 0 } }, 'ERR_RESOURCES_INVALID'],
  ['an unknown ulimit', image, { ulimits: [{ name: 'files', soft: 1, hard: 1 }] }, 'ERR_RESOURCES_INVALID'],
  [
    'a soft limit over the hard one',
    image,
    { ulimits: [{ name: 'nofile', soft: 2, hard: 1 }] },
    'ERR_RESOURCES_INVALID',
  ],
  [
    'no soft limit under a hard one',
    image,
    { ulimits: [{ name: 'nofile', soft: -1, hard: 1 }] },
    'ERR_RESOURCES_INVALID',
  ],
  [
    'strange device access',
    image,
    { devices: [{ path: '/dev/x', type: 'c', major: 1, minor: 1, fileMode: 0, uid: 0, gid: 0, access: 'rwx' }] },
    'ERR_RESOURCES_INVALID',
  ],
  ['an unknown capability', image, { capabilities: { add: ['ROOT'] } }, 'ERR_CAPABILITY_UNKNOWN'],
];

suite('hostile values never reach the runtime', () => {
  for (const [name, config, extra, code] of refused) {
    test(name, () => assert.throws(() => createRuntimeSpec(config, options(extra)), { name: 'StrataError', code }));
  }

  test('labels of an image change nothing', () => {
    const labelled: RunConfig = {
      ...image,
      Labels: { 'run.oci.handler': 'x', 'org.systemd.property.ExecStart': '/bin/sh' },
    };
    assert.deepEqual(createRuntimeSpec(labelled, options()), createRuntimeSpec(image, options()));
    assert.ok(!('annotations' in createRuntimeSpec(labelled, options())));
  });
});

suite('accepted options', () => {
  const spec = (config: RunConfig, extra: Partial<ContainerOptions> = {}): ReturnType<typeof createRuntimeSpec> =>
    createRuntimeSpec({ ...image, ...config }, options(extra));

  test('working directories in plain form', () => {
    for (const [given, plain] of [
      ['', '/'],
      ['/', '/'],
      ['/a//b/./c/', '/a/b/c'],
      ['/proc', '/proc'],
      ['/proc/selfish', '/proc/selfish'],
      ['/dev/fdx', '/dev/fdx'],
    ]) {
      assert.equal(spec({ WorkingDir: given! }).process.cwd, plain);
    }
    assert.equal(spec({ WorkingDir: '/a' }, { workingDir: '/b' }).process.cwd, '/b');
  });

  test('a mount takes the place of the default one, and parents come first', () => {
    const { mounts } = spec(
      {},
      {
        mounts: [
          { type: 'tmpfs', destination: '/a/b/c' },
          { type: 'bind', source: '/host', destination: '/a' },
          { type: 'bind', source: '/shm', destination: '/dev/shm', recursive: false, propagation: 'shared' },
        ],
      },
    );
    const own = mounts.slice(-3);
    assert.deepEqual(
      own.map(({ destination }) => destination),
      ['/a', '/dev/shm', '/a/b/c'],
    );
    assert.equal(mounts.filter(({ destination }) => destination === '/dev/shm').length, 1);
    assert.deepEqual(own[1]!.options, ['bind', 'shared']);
  });

  test('a propagation has what the runtime needs for it, and a shared one counts for more than a slave', () => {
    const propagationOf = (...words: readonly Propagation[]): string | undefined =>
      spec({}, { mounts: words.map((propagation, at) => ({ ...bind, destination: `/${at}`, propagation })) }).linux
        .rootfsPropagation;
    const bind = { type: 'bind', source: '/host' } as const;
    assert.equal(propagationOf(), undefined);
    assert.equal(propagationOf('private', 'rprivate'), undefined);
    assert.equal(propagationOf('private', 'slave'), 'rslave');
    assert.equal(propagationOf('rslave', 'rshared'), 'shared');
    assert.equal(propagationOf('shared', 'rslave'), 'shared');
  });

  test('tmpfs options as docker merges them', () => {
    const { mounts } = spec(
      {},
      { mounts: [{ type: 'tmpfs', destination: '/t', options: ['exec', 'size=1m', 'size=2m', 'mode=1770'] }] },
    );
    assert.deepEqual(mounts.at(-1)!.options, ['nosuid', 'nodev', 'rprivate', 'exec', 'size=2m', 'mode=1770']);
  });

  test('privileged: everything, nothing hidden, no filter', () => {
    const { process, linux, mounts } = spec({}, { privileged: true });
    assert.equal(process.capabilities.effective.length, 41);
    assert.equal(linux.seccomp, undefined);
    assert.deepEqual([linux.maskedPaths, linux.readonlyPaths], [[], []]);
    assert.deepEqual(linux.resources.devices, [{ allow: true, access: 'rwm' }]);
    assert.ok(mounts.every(({ options: flags }) => !flags.includes('ro')));
  });

  test('namespaces', () => {
    const types = (extra: Partial<ContainerOptions>): string[] =>
      spec({}, extra).linux.namespaces.map(({ type, path }) => path ?? type);
    assert.deepEqual(types({}), ['mount', 'network', 'uts', 'pid', 'ipc']);
    assert.deepEqual(types({ network: 'host' }), ['mount', 'uts', 'pid', 'ipc']);
    assert.deepEqual(types({ network: { namespacePath: '/run/netns/x' } }), [
      'mount',
      '/run/netns/x',
      'uts',
      'pid',
      'ipc',
    ]);
    assert.deepEqual(types({ machine: { ...machine, hasUnifiedCgroups: true } }), [
      'mount',
      'network',
      'uts',
      'pid',
      'ipc',
      'cgroup',
    ]);
  });

  test('resources', () => {
    const { resources } = spec(
      {},
      { resources: { memoryBytes: 64 << 20, cpus: 0.5, cpusetCpus: '0-1,3', pidsLimit: -1 } },
    ).linux;
    assert.deepEqual(resources.memory, { limit: 64 << 20, swap: 128 << 20 });
    assert.deepEqual(resources.cpu, { quota: 50_000, period: 100_000, cpus: '0-1,3' });
    assert.deepEqual(resources.pids, { limit: -1 });
    const noSwap = spec({}, { resources: { memoryBytes: 64 << 20, swapAccounting: false } }).linux;
    assert.deepEqual(noSwap.resources.memory, { limit: 64 << 20 });
  });

  test('unlimited is written as the runtime reads it', () => {
    const document = spec({}, { ulimits: [{ name: 'core', soft: 0, hard: -1 }] });
    assert.match(
      formatRuntimeDocument(document),
      /"rlimits":\[\{"type":"RLIMIT_CORE","soft":0,"hard":18446744073709551615\}\]/,
    );
  });

  test('a domain', () => {
    const { process, linux } = spec({}, { hostname: 'box', domainname: 'example.org', user: root });
    assert.ok(process.env.includes('HOSTNAME=box'));
    assert.equal(linux.sysctl['kernel.domainname'], 'example.org');
  });

  test('processors', () => {
    const masked = (possibleCpus: string): string[] =>
      spec({}, { machine: { ...machine, possibleCpus } })
        .linux.maskedPaths.filter((path) => path.includes('/cpu'))
        .map((path) => /cpu(\d+)/.exec(path)![1]!);
    assert.deepEqual(masked('0-2,5\n'), ['0', '1', '2', '5']);
    assert.deepEqual(masked('0'), ['0']);
    for (const bad of ['', 'x', '3-1', '0-99999999', '1-2-3x']) assert.ok(masked(bad).length <= 2);
  });
});
