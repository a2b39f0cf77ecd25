import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { CreateRequest, Engine, HostOptions } from '../../../src/engine/index.ts';
import { removeControlGroup } from '../../../src/sys/control-groups.ts';
import { folderWith, temporaryFolder } from '../../helpers/build-folder.ts';
import { assertNothingLeft } from '../../helpers/leftovers.ts';
import { needs } from '../../helpers/needs.ts';
import { placesOf } from '../../helpers/store-places.ts';
import { testStore } from '../../helpers/test-store.ts';

const skip = needs('root', 'overlay', 'runc', 'conmon', 'busybox', 'tini-static');
const MiB = 1 << 20;

interface Ran {
  readonly exitCode: number;
  readonly text: string;
}

type Asked = Omit<CreateRequest, 'image'> & { readonly image?: string };

/** Runs a container in the foreground, by the calling process. */
async function runInForeground(engine: Engine, request: Asked): Promise<Ran> {
  await using operation = engine.containers.run({ image: 'busybox', remove: true, ...request });
  let text = '';
  for await (const event of operation) {
    if (event.type === 'output') text += Buffer.from(event.chunk).toString('latin1');
  }
  return { exitCode: (await operation.result).exitCode, text };
}

/** Runs a container under conmon. */
async function runSupervised({ containers }: Engine, request: Asked): Promise<Ran> {
  const { id } = await containers.create({ image: 'busybox', ...request });
  try {
    await containers.start(id);
    const exitCode = await containers.wait(id);
    let text = '';
    for await (const { bytes } of containers.logs(id)) text += bytes.toString('latin1');
    return { exitCode, text };
  } finally {
    await containers.remove(id, { force: true });
  }
}

const ways = { foreground: runInForeground, supervised: runSupervised } as const;
type Way = (typeof ways)[keyof typeof ways];

/** Runs lines of a script, each printing one value, and returns the values by name. */
async function valuesOf(
  way: Way,
  engine: Engine,
  lines: Readonly<Record<string, string>>,
  request: Asked = {},
): Promise<Record<string, string>> {
  const script = Object.entries(lines).map(([name, line]) => `echo "<${name}>$(${line})"`);
  const { text, exitCode } = await way(engine, { ...request, command: ['sh', '-c', script.join('; ')] });
  assert.equal(exitCode, 0, text);
  return Object.fromEntries(
    text
      .split(/^</m)
      .slice(1)
      .map((part) => [part.slice(0, part.indexOf('>')), part.slice(part.indexOf('>') + 1).trim()]),
  );
}

const isUnified = !existsSync('/sys/fs/cgroup/memory');
const group = (v1: string, v2: string): string => `cat /sys/fs/cgroup/${isUnified ? v2 : v1}`;

async function assertRefused(engine: Engine, host: HostOptions, code: string, message: RegExp): Promise<void> {
  const request = { image: 'busybox', command: ['true'], host };
  await assert.rejects(engine.containers.create(request), { code, message }, JSON.stringify(host));
  await assert.rejects(engine.containers.run({ ...request, remove: true }).result, { code, message });
}

for (const [name, way] of Object.entries(ways)) {
  test(`limits, identity and names reach the process, ${name}`, { skip }, async (t) => {
    const engine = await testStore(t, { busybox: 'busybox' });
    const seen = await valuesOf(
      way,
      engine,
      {
        memory: group('memory/memory.limit_in_bytes', 'memory.max'),
        reservation: group('memory/memory.soft_limit_in_bytes', 'memory.low'),
        pids: group('pids/pids.max', 'pids.max'),
        quota: group('cpu/cpu.cfs_quota_us', 'cpu.max'),
        cpuset: 'while read a b; do case $a in Cpus_allowed_list:) echo $b;; esac; done < /proc/self/status',
        files: 'echo $(ulimit -S -n) $(ulimit -H -n)',
        shm: 'mount | while read a b c d e f; do case $c in /dev/shm) echo $f;; esac; done',
        groups: 'id -G',
        caps: 'while read a b; do case $a in Cap*|NoNewPrivs:) echo $a$b;; esac; done < /proc/self/status',
        oom: 'cat /proc/self/oom_score_adj',
        msgmax: 'cat /proc/sys/kernel/msgmax',
        hosts: 'while read a b; do case $b in db) echo $a;; esac; done < /etc/hosts',
        resolver: 'cat /etc/resolv.conf',
        device: 'busybox stat -c %t:%T /dev/nothing',
        read: 'cat /dev/nothing; echo $?',
        init: 'busybox readlink /proc/1/exe',
        name: 'hostname; cat /etc/hostname; cat /proc/sys/kernel/domainname',
      },
      {
        hostname: 'box',
        domainname: 'example.org',
        host: {
          Memory: 64 * MiB,
          MemorySwap: 96 * MiB,
          MemoryReservation: 16 * MiB,
          NanoCpus: 500_000_000,
          CpuShares: 512,
          CpusetCpus: '0',
          PidsLimit: 30,
          Ulimits: [{ Name: 'nofile', Soft: 100, Hard: 200 }],
          ShmSize: 3 * MiB,
          GroupAdd: ['staff', '7'],
          CapDrop: ['ALL'],
          CapAdd: ['kill', 'CAP_CHOWN'],
          SecurityOpt: ['no-new-privileges'],
          OomScoreAdj: 7,
          Sysctls: { 'kernel.msgmax': '9000' },
          ExtraHosts: ['db:10.1.2.3', 'six:::1'],
          Dns: ['9.9.9.9'],
          DnsSearch: ['example.org'],
          DnsOptions: ['ndots:2'],
          Devices: [{ PathOnHost: '/dev/null', PathInContainer: '/dev/nothing', CgroupPermissions: 'r' }],
          Init: true,
          Annotations: { 'org.example.a': 'b' },
        },
      },
    );
    const { resolver = '', shm = '', ...rest } = seen;
    assert.match(shm, /size=3072k/);
    assert.deepEqual(
      resolver.split('\n').filter((line) => /^(nameserver|search|options)/.test(line)),
      ['nameserver 9.9.9.9', 'search example.org', 'options ndots:2'],
    );
    assert.deepEqual(rest, {
      memory: String(64 * MiB),
      reservation: String(16 * MiB),
      pids: '30',
      quota: isUnified ? '50000 100000' : '50000',
      cpuset: '0',
      files: '100 200',
      groups: '0 7 50',
      caps: ['Inh:0', 'Prm:21', 'Eff:21', 'Bnd:21', 'Amb:0']
        .map((set) => set.replace(/:(\d+)/, (_all, hex: string) => `:${hex.padStart(16, '0')}`))
        .map((set) => `Cap${set}`)
        .concat('NoNewPrivs:1')
        .join('\n'),
      oom: '7',
      msgmax: '9000',
      hosts: '10.1.2.3',
      device: '1:3',
      read: '0',
      init: '/sbin/docker-init',
      name: 'box\nbox\nexample.org',
    });
    await assertNothingLeft(engine);
  });

  test(`mounts are at the requested paths, and nowhere else, ${name}`, { skip }, async (t) => {
    const engine = await testStore(t, { busybox: 'busybox' });
    const host = folderWith(t, { file: 'of the host\n', 'below/inner': 'inner\n', hosts: '1.1.1.1 mine\n' });
    const context = folderWith(t, {
      Dockerfile: 'FROM busybox\nCOPY tree /\n',
      'tree/real/kept': 'kept',
      'tree/link': { link: 'real' },
      'tree/up': { link: '../../../../../elsewhere/deep' },
      'tree/etc/resolv.conf': { link: '../run/resolver/stub.conf' },
    });
    await engine.builder.build({ context, tags: ['links'] }).result;
    const made = join(host, 'made/of/it');
    const seen = await valuesOf(
      way,
      engine,
      {
        bound: 'cat /in/file',
        readOnly: 'touch /in/new 2>/dev/null; echo $?',
        writable: 'echo back > /out/written; echo $?',
        nested: 'ls /out',
        file: 'cat /one',
        throughLink: 'ls /real',
        throughDeepLink: 'ls /elsewhere/deep',
        hosts: 'cat /etc/hosts',
        resolver: 'test -s /run/resolver/stub.conf; echo $?',
        memory:
          'touch /mem/x && cp /bin/busybox /mem/b 2>/dev/null; mount | while read a b c d e f; do case $c in /mem) echo $f;; esac; done',
        alone: 'ls /alone/sub',
        root: 'touch /new 2>/dev/null; echo $?',
      },
      {
        image: 'links',
        readOnly: true,
        host: {
          Binds: [
            `${host}:/in:ro`,
            `${made}:/out`,
            `${host}/below:/out/sub:ro,private`,
            `${host}/file:/one`,
            `${host}/below:/link`,
            `${host}/below:/up`,
            `${host}/hosts:/etc/hosts:ro`,
          ],
          Mounts: [{ Type: 'bind', Source: `${host}/below`, Target: '/alone/sub', ReadOnly: true }],
          Tmpfs: { '/mem': 'size=1m,mode=700' },
        },
      },
    );
    const { memory = '', ...rest } = seen;
    assert.match(memory, /noexec.*size=1024k,mode=700/);
    assert.deepEqual(rest, {
      bound: 'of the host',
      readOnly: '1',
      writable: '0',
      nested: 'sub\nwritten',
      file: 'of the host',
      throughLink: 'inner',
      throughDeepLink: 'inner',
      hosts: '1.1.1.1 mine',
      resolver: '0',
      alone: 'inner',
      root: '1',
    });
    assert.equal(readFileSync(join(made, 'written'), 'utf8'), 'back\n');
    await assertNothingLeft(engine);
  });

  test(`memory and processes run out at their limits, ${name}`, { skip }, async (t) => {
    const engine = await testStore(t, { busybox: 'busybox' });
    const hungry = { command: ['dd', 'if=/dev/zero', 'of=/dev/null', 'bs=64M', 'count=1'] };
    const { exitCode } = await way(engine, { ...hungry, host: { Memory: 8 * MiB, MemorySwap: 8 * MiB } });
    assert.equal(exitCode, 137);
    const bomb = 'i=0; while test $i -lt 60; do sleep 60 & i=$((i+1)); done; echo all';
    const bounded = await way(engine, { command: ['sh', '-c', bomb], host: { PidsLimit: 20 } });
    assert.match(bounded.text, /can't fork/);
    assert.doesNotMatch(bounded.text, /^all$/m);
    await assertNothingLeft(engine);
  });

  test(`flags give more of the machine, or less, ${name}`, { skip }, async (t) => {
    const engine = await testStore(t, { busybox: 'busybox' });
    const look = {
      sys: `mkdir /sys/fs/cgroup/${isUnified ? '' : 'memory/'}x 2>/dev/null; echo $?`,
      masked: 'busybox stat -c %t:%T /proc/interrupts',
    };
    assert.deepEqual(await valuesOf(way, engine, look), { sys: '1', masked: '1:3' });
    const all = { device: 'test -c /dev/kmsg; echo $?', masked: 'test -f /proc/interrupts; echo $?' };
    const privileged = await valuesOf(way, engine, all, { host: { Privileged: true } });
    assert.deepEqual(privileged, { device: existsSync('/dev/kmsg') ? '0' : '1', masked: '0' });
    const unmasked = { MaskedPaths: [], ReadonlyPaths: [] };
    assert.equal((await valuesOf(way, engine, { masked: all.masked }, { host: unmasked }))['masked'], '0');

    const namespaces = {
      ipc: 'busybox readlink /proc/self/ns/ipc',
      uts: 'busybox readlink /proc/self/ns/uts',
      pid: 'test $$ -gt 1; echo $?',
      shm: 'mount | while read a b c d; do case $c in /dev/shm) echo is there;; esac; done',
    };
    const shared = await valuesOf(way, engine, namespaces, {
      host: { IpcMode: 'host', UTSMode: 'host', PidMode: 'host' },
    });
    const own = await valuesOf(way, engine, namespaces, { host: { IpcMode: 'none' } });
    assert.deepEqual([shared['pid'], own['pid']], ['0', '1']);
    assert.deepEqual([shared['shm'], own['shm']], ['is there', '']);
    assert.equal(shared['ipc'], readlinkSync('/proc/self/ns/ipc'));
    assert.equal(shared['uts'], readlinkSync('/proc/self/ns/uts'));
    assert.notEqual(own['ipc'], shared['ipc']);

    const profile = {
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 38 }],
    };
    const blocked = { command: ['mkdir', '/x'], host: { SecurityOpt: [`seccomp=${JSON.stringify(profile)}`] } };
    assert.match((await way(engine, blocked)).text, /Function not implemented/);
    await assertNothingLeft(engine);
  });
}

test('paths may be written in any form, and are cleaned as docker does', { skip }, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  const folder = folderWith(t, { file: 'given' });
  for (const way of Object.values(ways)) {
    const { exitCode, text } = await way(engine, {
      command: ['sh', '-c', 'pwd; cat /b/file /d/file; while read a b c; do echo "$b "; done < /proc/mounts'],
      workingDirectory: '//x/..//y/.',
      host: {
        Binds: [`${folder}/gone/..:/a/../../b/`],
        Mounts: [{ Type: 'bind', Source: `/${folder}/./`, Target: '/c/..//d' }],
        Tmpfs: { '//e/../f//': 'size=1m' },
      },
    });
    assert.equal(exitCode, 0, text);
    assert.ok(text.startsWith('/y\ngivengiven'), text);
    for (const place of ['/b ', '/d ', '/f ']) assert.ok(text.includes(place), `${place}: ${text}`);
  }
  const given = { Binds: [`${folder}/.:/a/../b`], Mounts: [{ Type: 'tmpfs', Target: '/c/../d' }] };
  const { id } = await engine.containers.create({ image: 'busybox', workingDirectory: '/x/../y', host: given });
  const shown = await engine.containers.inspect(id);
  const { Mounts, Config, HostConfig } = shown as unknown as {
    Mounts: readonly { readonly Source: string; readonly Destination: string }[];
    Config: { readonly WorkingDir: string };
    HostConfig: HostOptions;
  };
  assert.deepEqual([Config.WorkingDir, HostConfig.Binds, HostConfig.Mounts], ['/y', given.Binds, given.Mounts]);
  assert.deepEqual(
    Mounts.map(({ Source, Destination }) => [Source, Destination]),
    [
      [folder, '/b'],
      ['', '/d'],
    ],
  );
  await engine.containers.remove(id);
  await assertNothingLeft(engine);
});

test('inspect says when memory ran out', { skip }, async (t: TestContext) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  const { containers } = engine;
  const command = ['dd', 'if=/dev/zero', 'of=/dev/null', 'bs=64M', 'count=1'];
  await containers.create({ image: 'busybox', name: 'hungry', command, host: { Memory: 8 * MiB } });
  await containers.start('hungry');
  assert.equal(await containers.wait('hungry'), 137);
  const { State } = (await containers.inspect('hungry')) as { State?: unknown };
  const { OOMKilled, ExitCode } = State as { OOMKilled: boolean; ExitCode: number };
  assert.deepEqual([OOMKilled, ExitCode], [true, 137]);
});

test('a control group below another one is removed with its container, even when its runtime forgot it', {
  skip,
}, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  const { containers } = engine;
  const parent = `/strata-test-${process.pid}`;
  const found = (): string[] => globSync(`/sys/fs/cgroup/{*/,}${parent.slice(1)}/*/`);
  const request = { image: 'busybox', command: ['sleep', '100'], host: { CgroupParent: parent } };
  t.after(async () => await removeControlGroup(parent));
  for (const isForgotten of [false, true]) {
    const { id } = await containers.create({ ...request, name: 'below' });
    await containers.start('below');
    assert.ok(found().some((path) => path.includes(id)));
    if (isForgotten) rmSync(join(placesOf(engine).states, id), { recursive: true });
    await containers.remove('below', { force: true });
    assert.deepEqual(found(), []);
  }
});

test('invalid flags are refused before anything is created, in docker’s words', { skip }, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  const folder = temporaryFolder(t);
  const missing = join(folder, 'missing');
  const mount = { Type: 'bind', Source: missing, Target: '/x' };
  await assertRefused(engine, { Mounts: [mount] }, 'ERR_MOUNT_INVALID', /bind source path does not exist: /);
  assert.ok(!existsSync(missing));
  await assertRefused(
    engine,
    { Mounts: [{ ...mount, Source: 'x' }] },
    'ERR_MOUNT_INVALID',
    /mount path must be absolute/,
  );
  await assertRefused(
    engine,
    { Mounts: [{ ...mount, Target: '' }] },
    'ERR_MOUNT_INVALID',
    /field Target must not be empty/,
  );
  await assertRefused(
    engine,
    { Mounts: [{ ...mount, Target: '/' }] },
    'ERR_MOUNT_INVALID',
    /destination can't be '\/'/,
  );
  await assertRefused(engine, { Mounts: [{ ...mount, Type: 'pipe' }] }, 'ERR_MOUNT_INVALID', /mount type unknown/);
  await assertRefused(engine, { Binds: [`${folder}:/x:nonsense`] }, 'ERR_MOUNT_INVALID', /^invalid mode: nonsense$/);
  await assertRefused(engine, { Binds: [`${folder}:/x:ro,rw`] }, 'ERR_MOUNT_INVALID', /^invalid mode/);
  await assertRefused(engine, { Binds: [`${folder}:/x:default`] }, 'ERR_MOUNT_INVALID', /^invalid mode: default$/);
  for (const mode of ['nocopy', 'ro,nocopy']) {
    const words = `invalid volume specification: '${folder}:/x:${mode}': invalid mount config for type "bind": field VolumeOptions must not be specified`;
    await assertRefused(engine, { Binds: [`${folder}:/x:${mode}`] }, 'ERR_MOUNT_INVALID', new RegExp(`^${words}$`));
  }
  await assertRefused(engine, { Binds: [`${folder}:x`] }, 'ERR_MOUNT_INVALID', /mount path must be absolute/);
  await assertRefused(
    engine,
    { Binds: ['a/b:/x'] },
    'ERR_MOUNT_INVALID',
    /includes invalid characters for a local volume/,
  );
  await assertRefused(engine, { Binds: [`${folder}::ro`] }, 'ERR_MOUNT_INVALID', /empty section between colons/);
  await assertRefused(engine, { Binds: ['name:/x'] }, 'ERR_NOT_SUPPORTED_YET', /^volume name: not supported yet$/);
  const twice = { Binds: [`${folder}:/x`], Tmpfs: { '/x/': '' } };
  await assertRefused(engine, twice, 'ERR_MOUNT_INVALID', /^Duplicate mount point: \/x$/);
  await assertRefused(engine, { Binds: [`${folder}:/a/..`] }, 'ERR_MOUNT_INVALID', /destination can't be '\/'/);
  await assertRefused(engine, { Tmpfs: { '/..': '' } }, 'ERR_MOUNT_INVALID', /destination can't be '\/'/);
  await assertRefused(
    engine,
    { Binds: [`${folder}:/x/../y`, `${folder}://y/`] },
    'ERR_MOUNT_INVALID',
    /^Duplicate mount/,
  );
  await assertRefused(engine, { Tmpfs: { '/x': 'nonsense' } }, 'ERR_MOUNT_INVALID', /invalid tmpfs option "nonsense"/);
  await assertRefused(engine, { Memory: 1 }, 'ERR_RESOURCES_INVALID', /^Minimum memory limit allowed is 6MB$/);
  await assertRefused(engine, { MemorySwap: 1 }, 'ERR_RESOURCES_INVALID', /always set the Memory limit/);
  await assertRefused(engine, { NanoCpus: 1e15 }, 'ERR_RESOURCES_INVALID', /^Range of CPUs is from 0\.01 to /);
  await assertRefused(engine, { CpusetCpus: '9999' }, 'ERR_RESOURCES_INVALID', /^Requested CPUs are not available/);
  await assertRefused(
    engine,
    { CpusetMems: '7' },
    'ERR_RESOURCES_INVALID',
    /^Requested memory nodes are not available/,
  );
  await assertRefused(engine, { OomScoreAdj: 1001 }, 'ERR_RESOURCES_INVALID', /range for oom score adj/);
  await assertRefused(engine, { CapAdd: ['NOPE'] }, 'ERR_CAPABILITY_UNKNOWN', /^invalid CapAdd: .*"CAP_NOPE"$/);
  await assertRefused(
    engine,
    { Sysctls: { 'kernel.core_pattern': '|x' } },
    'ERR_SYSCTL_INVALID',
    /not kept per container/,
  );
  await assertRefused(
    engine,
    { SecurityOpt: ['a=b'] },
    'ERR_SECURITY_OPTION_INVALID',
    /^invalid --security-opt 2: "a=b"$/,
  );
  await assertRefused(engine, { IpcMode: 'container:x' }, 'ERR_NOT_SUPPORTED_YET', /not supported yet/);
  await assertRefused(engine, { CgroupParent: '/a/../b' }, 'ERR_RESOURCES_INVALID', /^invalid CgroupParent/);
  await assert.rejects(engine.containers.create({ image: 'busybox', command: ['true'], network: 'mynet' }), {
    code: 'ERR_NOT_SUPPORTED_YET',
    message: 'network mynet: not supported yet',
  });
  await assertRefused(engine, { PidMode: 'nonsense' }, 'ERR_NAMESPACE_INVALID', /^--pid: invalid PID mode/);
  await assertNothingLeft(engine);

  // Failures that show only at the start.
  const device = { PathOnHost: '/dev/not-there', PathInContainer: '/dev/x', CgroupPermissions: 'rwm' };
  await assert.rejects(runInForeground(engine, { command: ['true'], host: { Devices: [device] } }), {
    code: 'ERR_DEVICE_UNUSABLE',
  });
  writeFileSync(missing, '');
  await assert.rejects(runSupervised(engine, { command: ['true'], host: { Binds: [`${missing}/below:/x`] } }), {
    code: 'ERR_MOUNT_SOURCE',
  });
  const group = { command: ['true'], host: { GroupAdd: ['nobody-knows'] } };
  await assert.rejects(runSupervised(engine, group), { code: 'ERR_USER_UNKNOWN' });
  const platform = { image: 'busybox', command: ['true'], platform: 'linux/riscv64' };
  await assert.rejects(engine.containers.create(platform), { code: 'ERR_IMAGE_PLATFORM' });
  await assertNothingLeft(engine);
});
