import assert from 'node:assert/strict';
import { closeSync, openSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import type { ContainerOptions } from '../../../src/oci-runtime/create-runtime-spec.ts';
import { needs } from '../../helpers/needs.ts';
import { Bundle, needsStaticBusybox, thisMachine } from './bundle.fixture.ts';

const repository = join(import.meta.dirname, '../../..');
const skip = needs('root', 'runc') || needsStaticBusybox();
const field = (status: string, name: string): string => new RegExp(`^${name}:\\s*(.*?)\\s*$`, 'm').exec(status)![1]!;

suite("docker's defaults hold inside a container of runc", { skip }, () => {
  const bundle = skip === false ? new Bundle() : undefined;
  after(() => bundle?.[Symbol.dispose]());
  const shell = (script: string, options?: Partial<ContainerOptions>): string => bundle!.shell(script, options);

  test("capabilities, filter, groups, umask and working directory are docker's", () => {
    const output = shell('cat /proc/self/status; echo "umask $(umask) cwd $(pwd) host $(hostname)"');
    // The value of every docker container: 14 bits.
    for (const set of ['CapPrm', 'CapEff', 'CapBnd']) assert.equal(field(output, set), '00000000a80425fb');
    for (const set of ['CapInh', 'CapAmb']) assert.equal(field(output, set), '0000000000000000');
    assert.equal(field(output, 'Seccomp'), '2');
    assert.equal(field(output, 'NoNewPrivs'), '0');
    assert.match(output, /umask 0022 cwd \/ host box/);
  });

  test('another user has its groups, and no capability in effect', () => {
    const status = shell('cat /proc/self/status', {
      user: { uid: 1000, gid: 1001, additionalGids: [7], home: '/' },
      additionalGids: [8],
      noNewPrivileges: true,
    });
    assert.equal(field(status, 'CapEff'), '0000000000000000');
    assert.equal(field(status, 'CapBnd'), '00000000a80425fb');
    assert.equal(field(status, 'NoNewPrivs'), '1');
    assert.equal(field(status, 'Uid'), '1000\t1000\t1000\t1000');
    assert.equal(field(status, 'Groups'), '7 8 1001');
  });

  test('masked paths show nothing (E2)', () => {
    const output = shell(`
      for f in acpi asound interrupts kcore keys latency_stats sched_debug scsi timer_list timer_stats; do
        p=/proc/$f
        if [ -d $p ]; then echo "$p $(ls -A $p | wc -c)"; elif [ -e $p ]; then echo "$p $(head -c 100 $p | wc -c)"; fi
      done
      for p in /sys/firmware /sys/devices/virtual/powercap /sys/devices/system/cpu/cpu*/thermal_throttle; do
        if [ -d $p ]; then echo "$p $(ls -A $p | wc -c)"; fi
      done`);
    const lines = output.trim().split('\n');
    assert.ok(lines.length >= 3, output);
    for (const line of lines) assert.match(line, /^\/(proc|sys)\/\S+ 0$/);
  });

  test('read-only paths refuse writing (E2)', () => {
    const output = shell(`
      for p in /proc/bus /proc/fs /proc/irq /proc/sys /proc/sysrq-trigger; do
        if [ -e $p ]; then grep -q " $p ro," /proc/self/mountinfo && echo "$p ro" || echo "$p writable"; fi
      done
      (echo 1 > /proc/sys/kernel/panic) 2>&1; (echo 1 > /sys/kernel/x) 2>&1; (mkdir /sys/fs/cgroup/memory/x) 2>&1; :`);
    assert.doesNotMatch(output, /writable/);
    assert.match(output, /^\/proc\/sys ro$/m);
    assert.match(output, /\/proc\/sys\/kernel\/panic: Read-only file system/);
    assert.equal(
      output.match(/Read-only file system|Permission denied|nonexistent directory|No such file/g)?.length,
      3,
      output,
    );
  });

  test('seven devices exist, and no others can be used', () => {
    const output = shell(
      'stat -c "%n %F %t:%T %a" /dev/*; mknod /tmp/disk b 254 0 && head -c 1 /tmp/disk 2>&1; head -c 4 /dev/zero | wc -c',
    );
    const nodes = [...output.matchAll(/^\/dev\/(\w+) character special file (\S+) (\d+)$/gm)].map(
      ([, name, number, mode]) => `${name} ${number} ${mode}`,
    );
    assert.deepEqual(nodes, [
      'full 1:7 666',
      'null 1:3 666',
      'random 1:8 666',
      'tty 5:0 666',
      'urandom 1:9 666',
      'zero 1:5 666',
    ]);
    assert.match(output, /\/tmp\/disk: Operation not permitted/);
    assert.match(output, /^4$/m);
  });

  test('only standard input, output and error are open (E4)', () => {
    // A descriptor of the test that is open meanwhile.
    const descriptor = openSync('/etc/passwd', 'r');
    // The fourth is the directory that is listed.
    const listed = shell('ls /proc/self/fd | wc -l');
    closeSync(descriptor);
    assert.equal(listed.trim(), '4');
  });

  test("namespaces are its own, and the network the host's when requested", () => {
    const inside = (options?: Partial<ContainerOptions>): Map<string, string> =>
      new Map(
        shell('for n in mnt net uts pid ipc user; do echo "$n $(readlink /proc/self/ns/$n)"; done', options)
          .trim()
          .split('\n')
          .map((line) => line.split(' ') as [string, string]),
      );
    const host = (name: string): string => readlinkSync(`/proc/self/ns/${name}`);
    const own = inside();
    for (const name of ['mnt', 'net', 'uts', 'pid', 'ipc']) assert.notEqual(own.get(name), host(name), name);
    assert.equal(own.get('user'), host('user'));
    assert.equal(inside({ network: 'host' }).get('net'), host('net'));
    assert.equal(shell('ls /sys/class/net').trim(), 'lo');
  });

  test('the environment is that of image and container', () => {
    const { stdout } = bundle!.run(
      { Cmd: ['env'], Env: ['A=1', 'B=2'], WorkingDir: '/tmp' },
      { env: ['A=3', 'MULTI=x\ny'], user: { uid: 0, gid: 0, additionalGids: [], home: '/home/me' } },
    );
    const expected =
      'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\nHOSTNAME=box\nA=3\nMULTI=x\ny\nB=2\nHOME=/home/me\n';
    assert.equal(stdout, expected);
  });

  test('exit codes, an entrypoint, and a created working directory work', () => {
    assert.equal(bundle!.run({ Entrypoint: ['sh', '-c'], Cmd: ['exit 42'] }).status, 42);
    assert.equal(bundle!.run({ Cmd: ['pwd'], WorkingDir: '/made/here' }).stdout, '/made/here\n');
  });

  test('a read-only root, a writable tmpfs and a read-only bind work', () => {
    const output = shell(
      'touch /x 2>&1; touch /tmp/x && echo fine; touch /usr/x 2>&1; grep " /tmp " /proc/self/mountinfo',
      {
        readonlyRootfs: true,
        mounts: [
          { type: 'tmpfs', destination: '/tmp', options: ['size=1m', 'exec'] },
          { type: 'bind', source: repository, destination: '/usr', readonly: true },
        ],
      },
    );
    assert.match(output, /touch: \/x: Read-only file system/);
    assert.match(output, /^fine$/m);
    assert.match(output, / \/tmp rw,nosuid,nodev,relatime .*size=1024k/);
    assert.match(output, /touch: \/usr\/x: Read-only file system/);
  });

  test('limits of memory, processes and open files hold, or none', () => {
    const output = shell(
      'cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null; cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2>/dev/null; ulimit -n; ulimit -Hc',
      {
        resources: { memoryBytes: 64 << 20, swapAccounting: false, pidsLimit: 50 },
        ulimits: [
          { name: 'nofile', soft: 100, hard: 200 },
          { name: 'core', soft: 0, hard: -1 },
        ],
      },
    );
    assert.equal(output, '67108864\n50\n100\nunlimited\n');
  });

  test('sysctls are set', () => {
    const output = shell(
      'cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/kernel/domainname /proc/sys/kernel/msgmax',
      {
        sysctls: { 'kernel.msgmax': '4321' },
        domainname: 'example.org',
      },
    );
    assert.equal(output, '0\nexample.org\n4321\n');
  });

  test('capabilities can be added, or all granted', () => {
    const machine = thisMachine();
    const effective = (options: Partial<ContainerOptions>): bigint =>
      BigInt(`0x${field(shell('cat /proc/self/status', options), 'CapEff')}`);
    assert.equal(effective({ capabilities: { drop: ['ALL'], add: ['KILL'] } }), 1n << 5n);
    const all = effective({ privileged: true });
    assert.equal(all.toString(2).replaceAll('0', '').length, machine.capabilities!.length);
    assert.equal(field(shell('cat /proc/self/status', { privileged: true }), 'Seccomp'), '0');
    assert.equal(shell('mount -t tmpfs x /tmp && echo mounted', { privileged: true }), 'mounted\n');
  });

  test('no control group is left', () => {
    const left = readdirSync('/sys/fs/cgroup', { recursive: false, encoding: 'utf8' }).flatMap((name) => {
      try {
        return readdirSync(join('/sys/fs/cgroup', name)).filter((entry) =>
          entry.startsWith(`strata-test-${process.pid}-`),
        );
      } catch {
        return [];
      }
    });
    assert.deepEqual(left, []);
  });
});

suite('the default seccomp profile works in the kernel (E1)', {
  skip: skip || (process.arch === 'x64' ? false : 'numbers of x86-64'),
}, () => {
  const bundle = skip === false ? new Bundle() : undefined;
  after(() => bundle?.[Symbol.dispose]());

  const probe = (options: Partial<ContainerOptions>): Record<string, number> => {
    const node = process.execPath.startsWith(repository)
      ? join('/repo', process.execPath.slice(repository.length))
      : process.execPath;
    const { status, stdout, stderr } = bundle!.run(
      { Cmd: [node, '/repo/test/integration/oci-runtime/syscall-probe.fixture.ts'] },
      {
        mounts: [
          { type: 'bind', source: '/usr', destination: '/usr', readonly: true },
          { type: 'bind', source: repository, destination: '/repo', readonly: true },
        ],
        ...options,
      },
    );
    assert.equal(status, 0, stderr);
    return JSON.parse(stdout) as Record<string, number>;
  };

  const [eperm, enosys] = [1, 38];
  // Not in libseccomp 2.5 yet, so that the runtime returns an older kernel's error.
  const unknownToLibseccomp = ['statmount'];
  const open = [
    'personality(query)',
    'socket(AF_UNIX)',
    'socket(AF_NETLINK)',
    'ptrace',
    'process_vm_readv',
    'chroot',
    'mknod',
    'landlock_create_ruleset',
    'memfd_create',
    'pkey_alloc',
    'getrandom',
    'setuid',
    'clone(plain)',
  ];

  test('64 calls are refused, of which the kernel alone would refuse only some', () => {
    const filtered = probe({});
    const unfiltered = probe({ seccomp: 'unconfined' });
    for (const name of open) assert.equal(filtered[name], unfiltered[name], name);
    const closed = Object.keys(filtered).filter((name) => ![...open, ...unknownToLibseccomp].includes(name));
    assert.equal(closed.length, 64);
    for (const name of closed) assert.equal(filtered[name], name === 'clone3' ? enosys : eperm, name);
    const byFilter = closed.filter((name) => unfiltered[name] !== filtered[name]);
    assert.ok(byFilter.length >= 40, `only ${byFilter.length} calls are refused by the filter: ${byFilter.join(' ')}`);
    for (const name of ['unshare', 'keyctl', 'mount', 'bpf', 'setns', 'clone(NEWUSER)', 'socket(2^32 + AF_ALG)']) {
      assert.ok(byFilter.includes(name), name);
    }
  });

  test('CAP_SYS_ADMIN opens its calls', () => {
    const filtered = probe({ capabilities: { add: ['SYS_ADMIN'] } });
    for (const name of ['mount', 'unshare', 'setns', 'fsconfig', 'mount_setattr', 'clone3', 'clone(NEWUSER)']) {
      assert.ok(filtered[name] !== eperm && filtered[name] !== enosys, name);
    }
    for (const name of ['keyctl', 'kcmp', 'io_uring_setup', 'userfaultfd', 'socket(AF_VSOCK)']) {
      assert.equal(filtered[name], eperm, name);
    }
  });
});
