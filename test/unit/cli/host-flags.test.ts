import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { suite, test } from 'node:test';
import { Command } from 'commander';
import { defineHostFlags, type HostFlags, readHostOptions } from '../../../src/cli/flags/host-flags.ts';
import type { HostOptions } from '../../../src/engine/index.ts';
import { isStrataError } from '../../../src/errors/index.ts';

async function read(...words: readonly string[]): Promise<HostOptions> {
  const command = new Command('run').exitOverride();
  defineHostFlags(command);
  command.parse(words, { from: 'user' });
  return await readHostOptions(command, command.opts<HostFlags>(), new AbortController().signal);
}

const meant: readonly (readonly [string, HostOptions])[] = [
  ['', {}],
  ['-v /a:/b -v ./x:/c:ro -v ..:/d', { Binds: ['/a:/b', `${resolve('x')}:/c:ro`, `${resolve('..')}:/d`] }],
  ['-v name:/b', { Binds: ['name:/b'] }],
  ['--mount type=bind,src=/a,dst=/b,ro', { Mounts: [{ Type: 'bind', Source: '/a', Target: '/b', ReadOnly: true }] }],
  [
    '--mount TYPE=bind,source=./a,target=/b,readonly=false,bind-propagation=RSlave,bind-nonrecursive',
    {
      Mounts: [
        {
          Type: 'bind',
          Source: resolve('a'),
          Target: '/b',
          BindOptions: { Propagation: 'rslave', NonRecursive: true },
        },
      ],
    },
  ],
  [
    '--mount type=bind,src=/a,dst=/b,bind-recursive=disabled --mount type=bind,src=/c,dst=/d,ro,bind-recursive=writable',
    {
      Mounts: [
        { Type: 'bind', Source: '/a', Target: '/b', BindOptions: { NonRecursive: true } },
        { Type: 'bind', Source: '/c', Target: '/d', ReadOnly: true, BindOptions: { ReadOnlyNonRecursive: true } },
      ],
    },
  ],
  [
    '--mount type=bind,src=/a,dst=/b,ro,bind-propagation=rprivate,bind-recursive=readonly',
    {
      Mounts: [
        {
          Type: 'bind',
          Source: '/a',
          Target: '/b',
          ReadOnly: true,
          BindOptions: { Propagation: 'rprivate', ReadOnlyForceRecursive: true },
        },
      ],
    },
  ],
  [
    '--mount type=tmpfs,destination=/b,tmpfs-size=1m,tmpfs-mode=1700',
    { Mounts: [{ Type: 'tmpfs', Target: '/b', TmpfsOptions: { SizeBytes: 1 << 20, Mode: 0o1700 } }] },
  ],
  ['--mount "type=bind","src=/a,b",dst=/q', { Mounts: [{ Type: 'bind', Source: '/a,b', Target: '/q' }] }],
  ['--tmpfs /a --tmpfs /b:size=1m,exec', { Tmpfs: { '/a': '', '/b': 'size=1m,exec' } }],
  ['-m 1.5g --memory-swap -1', { Memory: 1.5 * 2 ** 30, MemorySwap: -1 }],
  ['--memory-reservation 16m --shm-size 1k', { MemoryReservation: 16 << 20, ShmSize: 1024 }],
  ['--cpus 1.5 -c 512', { NanoCpus: 1_500_000_000, CpuShares: 512 }],
  ['--cpus 1/4 --cpuset-cpus 0-2', { NanoCpus: 250_000_000, CpusetCpus: '0-2' }],
  ['--pids-limit -1 --oom-score-adj=-5', { PidsLimit: -1, OomScoreAdj: -5 }],
  [
    '--ulimit nofile=10 --ulimit core=-1:-1 --ulimit nproc=1:2',
    {
      Ulimits: [
        { Name: 'nofile', Soft: 10, Hard: 10 },
        { Name: 'core', Soft: -1, Hard: -1 },
        { Name: 'nproc', Soft: 1, Hard: 2 },
      ],
    },
  ],
  [
    '--device /dev/a --device /dev/a:r --device /dev/a:/dev/b --device /dev/a:/dev/b:rm',
    {
      Devices: [
        { PathOnHost: '/dev/a', PathInContainer: '/dev/a', CgroupPermissions: 'rwm' },
        { PathOnHost: '/dev/a', PathInContainer: '/dev/a', CgroupPermissions: 'r' },
        { PathOnHost: '/dev/a', PathInContainer: '/dev/b', CgroupPermissions: 'rwm' },
        { PathOnHost: '/dev/a', PathInContainer: '/dev/b', CgroupPermissions: 'rm' },
      ],
    },
  ],
  ['--add-host a:1.2.3.4 --add-host b=::1 --add-host c:[::2]', { ExtraHosts: ['a:1.2.3.4', 'b:::1', 'c:::2'] }],
  [
    '--dns 1.1.1.1 --dns-search . --dns-opt a --dns-option b',
    { Dns: ['1.1.1.1'], DnsSearch: ['.'], DnsOptions: ['b', 'a'] },
  ],
  ['--security-opt systempaths=unconfined', { MaskedPaths: [], ReadonlyPaths: [] }],
  ['--security-opt no-new-privileges', { SecurityOpt: ['no-new-privileges'] }],
  ['--sysctl a=b=c --annotation x --annotation y=z=', { Sysctls: { a: 'b=c' }, Annotations: { x: '', y: 'z=' } }],
  [
    '--privileged --init --ipc host --pid host --uts private',
    { Privileged: true, Init: true, IpcMode: 'host', PidMode: 'host', UTSMode: 'private' },
  ],
  ['--cgroup-parent /mine', { CgroupParent: '/mine' }],
  ['--cap-add all --cap-drop x --group-add 7', { CapAdd: ['all'], CapDrop: ['x'], GroupAdd: ['7'] }],
];

suite('flags mean', () => {
  for (const [line, expected] of meant) {
    test(line || 'nothing', async () => assert.deepEqual(await read(...line.split(' ').filter(Boolean)), expected));
  }
});

// Flag, value, docker's words.
const wrong: readonly (readonly [flag: string, value: string, words: string, shown?: string])[] = [
  ['--memory', 'x', "invalid size: 'x'", '-m, --memory'],
  ['--memory-swap', '-2', "invalid size: '-2'"],
  ['--cpus', 'x', 'failed to parse x as a rational number'],
  ['--cpus', '0.0000000001', 'value is too precise'],
  ['--pids-limit', 'x', 'strconv.ParseInt: parsing "x": invalid syntax'],
  ['--cpu-shares', '1.5', 'strconv.ParseInt: parsing "1.5": invalid syntax', '-c, --cpu-shares'],
  ['--ulimit', 'nonsense', 'invalid ulimit argument: nonsense'],
  ['--ulimit', 'a=1', 'invalid ulimit type: a'],
  ['--ulimit', 'nofile=5:2', 'ulimit soft limit must be less than or equal to hard limit: 5 > 2'],
  ['--ulimit', 'nofile=x', 'strconv.ParseInt: parsing "x": invalid syntax'],
  ['--add-host', 'nonsense', 'bad format for add-host: "nonsense"'],
  ['--add-host', 'a:b', 'invalid IP address in add-host: "b"'],
  ['--add-host', 'a\n1.1.1.1 b:1.1.1.1', 'bad format for add-host: "a\\n1.1.1.1 b:1.1.1.1"'],
  ['--dns', 'x', 'IP address is not correctly formatted: x'],
  ['--dns-search', '..', '.. is not a valid domain'],
  ['--mount', 'type=bind,foo', "invalid field 'foo' must be a key=value pair"],
  ['--mount', 'src=', 'target is required'],
  ['--mount', 'nokey=1', "unexpected key 'nokey' in 'nokey=1'"],
  ['--mount', 'type=tmpfs,bind-propagation=x,dst=/x', "cannot mix 'bind-*' options with mount type 'tmpfs'"],
  ['--mount', 'type=bind,dst=/x,readonly=maybe', 'invalid value for readonly: maybe'],
  ['--mount', 'type=tmpfs,dst=/x,tmpfs-mode=9', 'invalid value for tmpfs-mode: 9'],
  ['--mount', 'type=tmpfs,dst=/x,tmpfs-size=q', 'invalid value for tmpfs-size: q'],
  ['--mount', '', 'EOF'],
  [
    '--mount',
    'type=bind,dst=/x,bind-recursive=odd',
    'invalid value for bind-recursive: odd (must be "enabled", "disabled", "writable", or "readonly")',
  ],
  [
    '--mount',
    'type=bind,dst=/x,bind-recursive=writable',
    "option 'bind-recursive=writable' requires 'readonly' to be specified in conjunction",
  ],
  [
    '--mount',
    'type=bind,dst=/x,ro,bind-recursive=readonly,bind-propagation=private',
    "option 'bind-recursive=readonly' requires 'bind-propagation=rprivate' to be specified in conjunction",
  ],
  ['--device', '/dev/a:/dev/b:z', 'bad mode specified: z'],
  ['--device', 'a:b:c:d', 'bad format for path: a:b:c:d'],
];

suite('wrong values are refused in docker’s words', () => {
  for (const [flag, value, words, shown = flag] of wrong) {
    test(`${flag}=${JSON.stringify(value)}`, async () => {
      await assert.rejects(
        read(`${flag}=${value}`),
        (error) =>
          isStrataError(error, 'ERR_USAGE') &&
          error.message === `invalid argument ${JSON.stringify(value)} for "${shown}" flag: ${words}`,
      );
    });
  }

  test('--security-opt', async () => {
    const refused = async (text: string, words: string): Promise<void> =>
      assert.rejects(read('--security-opt', text), { code: 'ERR_SECURITY_OPTION_INVALID', message: words });
    await refused('nonsense', 'Invalid --security-opt: "nonsense"');
    await refused(
      'seccomp=/not-there',
      'opening seccomp profile (/not-there) failed: open /not-there: no such file or directory',
    );
  });
});
