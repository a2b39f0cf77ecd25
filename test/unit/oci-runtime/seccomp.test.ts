import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { defaultCapabilities } from '../../../src/oci-runtime/capabilities.ts';
import { defaultSeccomp, type SeccompSituation } from '../../../src/oci-runtime/default-seccomp.ts';
import { seccompRules } from '../../../src/oci-runtime/seccomp-rules.ts';

const situation: SeccompSituation = { capabilities: defaultCapabilities, machine: 'amd64', kernelRelease: '6.18.44' };

function allowedCalls(more: Partial<SeccompSituation> = {}): Set<string> {
  const { syscalls } = defaultSeccomp({ ...situation, ...more });
  return new Set(
    syscalls.filter(({ action, args }) => action === 'SCMP_ACT_ALLOW' && !args).flatMap(({ names }) => names),
  );
}

// "Significant syscalls blocked by the default profile" of Docker's documentation, and newer ones.
const blocked = `
  acct add_key bpf clock_settime create_module delete_module finit_module get_kernel_syms get_mempolicy init_module
  ioperm iopl kcmp kexec_file_load kexec_load keyctl lookup_dcookie mbind mount move_pages nfsservctl open_by_handle_at
  perf_event_open pivot_root query_module quotactl reboot request_key set_mempolicy setns settimeofday stime swapon
  swapoff sysfs _sysctl umount umount2 unshare uselib userfaultfd ustat vm86 vm86old io_uring_setup io_uring_enter
  io_uring_register clone clone3 socket personality fsopen fsmount move_mount open_tree mount_setattr migrate_pages
`
  .trim()
  .split(/\s+/);

suite('the default seccomp profile', () => {
  test("blocks what docker's documentation lists", () => {
    const calls = allowedCalls();
    assert.deepEqual(
      blocked.filter((call) => calls.has(call)),
      [],
    );
  });

  test('names each call once per rule, and always allows 361', () => {
    for (const { calls } of seccompRules) assert.equal(new Set(calls).size, calls.length);
    assert.equal(seccompRules[0]!.calls.length, 361);
  });

  test('capabilities open their calls', () => {
    const rows: readonly (readonly [string, string])[] = [
      ['CAP_SYS_ADMIN', 'mount'],
      ['CAP_SYS_ADMIN', 'unshare'],
      ['CAP_SYS_ADMIN', 'clone'],
      ['CAP_SYS_ADMIN', 'clone3'],
      ['CAP_DAC_READ_SEARCH', 'open_by_handle_at'],
      ['CAP_SYS_BOOT', 'reboot'],
      ['CAP_SYS_MODULE', 'init_module'],
      ['CAP_SYS_PACCT', 'acct'],
      ['CAP_SYS_PTRACE', 'kcmp'],
      ['CAP_SYS_RAWIO', 'iopl'],
      ['CAP_SYS_TIME', 'clock_settime'],
      ['CAP_SYS_TTY_CONFIG', 'vhangup'],
      ['CAP_SYS_NICE', 'mbind'],
      ['CAP_SYSLOG', 'syslog'],
      ['CAP_BPF', 'bpf'],
      ['CAP_PERFMON', 'perf_event_open'],
    ];
    for (const [capability, call] of rows) {
      assert.ok(!allowedCalls().has(call), call);
      assert.ok(
        allowedCalls({ capabilities: [...defaultCapabilities, capability] }).has(call),
        `${call} with ${capability}`,
      );
    }
    assert.ok(allowedCalls().has('chroot'));
    assert.ok(!allowedCalls({ capabilities: [] }).has('chroot'));
  });

  test('machine and kernel decide', () => {
    assert.ok(allowedCalls().has('arch_prctl') && !allowedCalls({ machine: 'arm64' }).has('arch_prctl'));
    assert.ok(allowedCalls({ machine: 'arm64' }).has('sync_file_range2') && !allowedCalls().has('sync_file_range2'));
    for (const [kernelRelease, has] of [
      ['4.7.10', false],
      ['4.8', true],
      ['4.18.0-1.el8', true],
      ['5.0', true],
      ['3.10.0', false],
    ] as const) {
      assert.equal(allowedCalls({ kernelRelease }).has('ptrace'), has, kernelRelease);
    }
    assert.deepEqual(defaultSeccomp({ ...situation, machine: 'arm64' }).architectures, [
      'SCMP_ARCH_AARCH64',
      'SCMP_ARCH_ARM',
    ]);
  });

  test('clone3 says that it is not there, clone makes no namespaces', () => {
    const { syscalls } = defaultSeccomp(situation);
    assert.deepEqual(
      syscalls.find(({ names }) => names.includes('clone3')),
      { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: 38 },
    );
    const clone = syscalls.find(({ names }) => names.includes('clone'));
    const namespaces = [0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000].reduce(
      (a, b) => a | b,
    );
    assert.deepEqual(clone!.args, [{ index: 0, value: namespaces, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }]);
  });

  test('no socket family can be smuggled in by its upper half', () => {
    const sockets = defaultSeccomp(situation).syscalls.filter(({ names }) => names.includes('socket'));
    const passes = (family: number): boolean =>
      sockets.some(({ args }) =>
        args!.some(({ op, value }) => (op === 'SCMP_CMP_LT' ? family < value : family === value)),
      );
    for (let family = 0; family < 46; family++)
      assert.equal(passes(family), family !== 38 && family !== 40, `family ${family}`);
    for (const family of [2 ** 32 + 38, 2 ** 32 + 40, 2 ** 63 + 38]) assert.equal(passes(family), false);
  });
});
