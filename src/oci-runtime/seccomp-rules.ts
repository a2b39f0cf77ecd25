/**
 * Docker's default seccomp profile as data: the calls that "Seccomp security profiles for Docker" (docs.docker.com) and
 * the published profile of mid-2026 allow, grouped by the man page section of each call. All other calls fail with
 * EPERM. Names of other architectures or of future kernels do no harm: the runtime skips unknown ones.
 */

/** A condition on one argument, by its position; `masked` means `(argument & mask) === value`. */
export type ArgumentCondition =
  | { readonly index: number; readonly is: 'equal' | 'less'; readonly value: number }
  | { readonly index: number; readonly is: 'masked'; readonly mask: number; readonly value: number };

/** Docker's names of machines; each includes the 32-bit programs that it runs. */
export type SeccompMachine = 'amd64' | 'arm64';

/** Calls that are allowed when all conditions of the rule hold. */
export interface DefaultSeccompRule {
  readonly calls: readonly string[];
  readonly argument?: ArgumentCondition;
  /** Only with this capability in the bounding set. */
  readonly capability?: string;
  /** Only without this capability. */
  readonly withoutCapability?: string;
  readonly machine?: SeccompMachine;
  /** Oldest kernel, by major and minor version. */
  readonly minKernel?: readonly [number, number];
  /** Error number with which the calls fail instead of being allowed. */
  readonly errno?: number;
}

/** Main architecture first, then the others whose programs it also runs. */
export const seccompArchitectures: { readonly [Machine in SeccompMachine]: readonly string[] } = {
  amd64: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'],
  arm64: ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM'],
};

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

const files = words(`
  access faccessat faccessat2 chdir fchdir chmod fchmod fchmodat fchmodat2 chown chown32 fchown fchown32 fchownat
  lchown lchown32 close close_range copy_file_range creat dup dup2 dup3 fadvise64 fadvise64_64 fallocate fcntl fcntl64
  fdatasync flock fsync ftruncate ftruncate64 futimesat getcwd getdents getdents64 ioctl link linkat lseek _llseek
  mkdir mkdirat mknod mknodat name_to_handle_at open openat openat2 pipe pipe2 pread64 preadv preadv2 pwrite64 pwritev
  pwritev2 read readahead readlink readlinkat readv rename renameat renameat2 rmdir sendfile sendfile64 splice
  stat stat64 fstat fstat64 lstat lstat64 fstatat64 newfstatat statx statfs statfs64 fstatfs fstatfs64 statmount
  listmount symlink symlinkat sync syncfs sync_file_range tee truncate truncate64 umask unlink unlinkat utime utimes
  utimensat utimensat_time64 vmsplice write writev cachestat
`);

const attributesAndEvents = words(`
  getxattr fgetxattr lgetxattr getxattrat listxattr flistxattr llistxattr listxattrat removexattr fremovexattr
  lremovexattr removexattrat setxattr fsetxattr lsetxattr setxattrat fanotify_mark inotify_init inotify_init1
  inotify_add_watch inotify_rm_watch epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_wait epoll_wait_old
  epoll_pwait epoll_pwait2 eventfd eventfd2 poll ppoll ppoll_time64 select _newselect pselect6 pselect6_time64 signalfd
  signalfd4 timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64
  io_setup io_destroy io_submit io_cancel io_getevents io_pgetevents io_pgetevents_time64
`);

const memory = words(`
  brk madvise map_shadow_stack membarrier memfd_create memfd_secret mincore mlock mlock2 mlockall mmap mmap2 mprotect
  mremap mseal msync munlock munlockall munmap pkey_alloc pkey_free pkey_mprotect remap_file_pages
`);

const processes = words(`
  capget capset execve execveat exit exit_group fork vfork wait4 waitid waitpid getcpu getpgid getpgrp getpid getppid
  getpriority setpriority getsid setsid setpgid gettid kill tkill tgkill pause prctl pidfd_open pidfd_send_signal
  process_mrelease restart_syscall rseq uretprobe riscv_hwprobe seccomp landlock_create_ruleset landlock_add_rule
  landlock_restrict_self futex futex_time64 futex_wait futex_waitv futex_wake futex_requeue get_robust_list
  set_robust_list set_tid_address get_thread_area set_thread_area
`);

const identities = words(`
  getuid getuid32 geteuid geteuid32 getgid getgid32 getegid getegid32 getresuid getresuid32 getresgid getresgid32
  getgroups getgroups32 setuid setuid32 setgid setgid32 setreuid setreuid32 setregid setregid32 setresuid setresuid32
  setresgid setresgid32 setfsuid setfsuid32 setfsgid setfsgid32 setgroups setgroups32
`);

const signals = words(`
  rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait
  rt_sigtimedwait_time64 rt_tgsigqueueinfo sigaltstack sigprocmask sigreturn
`);

const schedulingAndLimits = words(`
  ioprio_get ioprio_set sched_getaffinity sched_setaffinity sched_getattr sched_setattr sched_getparam sched_setparam
  sched_getscheduler sched_setscheduler sched_get_priority_max sched_get_priority_min sched_rr_get_interval
  sched_rr_get_interval_time64 sched_yield getrlimit setrlimit ugetrlimit prlimit64 getrusage sysinfo uname times
  getrandom
`);

// Setting the clock also needs CAP_SYS_TIME in the kernel; adjtimex and clock_adjtime are listed for reading it.
const time = words(`
  adjtimex alarm clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime clock_gettime64
  clock_nanosleep clock_nanosleep_time64 getitimer setitimer gettimeofday nanosleep time timer_create timer_delete
  timer_getoverrun timer_gettime timer_gettime64 timer_settime timer_settime64
`);

const communication = words(`
  ipc msgctl msgget msgrcv msgsnd semctl semget semop semtimedop semtimedop_time64 shmat shmctl shmdt shmget mq_open
  mq_unlink mq_notify mq_getsetattr mq_timedreceive mq_timedreceive_time64 mq_timedsend mq_timedsend_time64 accept
  accept4 bind connect getpeername getsockname getsockopt setsockopt listen recv recvfrom recvmsg recvmmsg
  recvmmsg_time64 send sendto sendmsg sendmmsg shutdown socketcall socketpair
`);

const afAlg = 38;
/** AF_NFC, and from AF_KCM to AF_MCTP, the last one in Linux 6.18; AF_VSOCK is 40. */
const familiesAbove = [39, 41, 42, 43, 44, 45];
/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET. */
const newNamespaceFlags = 0x7e020000;
const enosys = 38;
const admin = 'CAP_SYS_ADMIN';

// personality(2): PER_LINUX, PER_LINUX32, UNAME26, both of these, and the query for the current one.
const personalities = [0x0, 0x0008, 0x20000, 0x20008, 0xffffffff];

export const seccompRules: readonly DefaultSeccompRule[] = [
  {
    calls: [
      ...files,
      ...attributesAndEvents,
      ...memory,
      ...processes,
      ...identities,
      ...signals,
      ...schedulingAndLimits,
      ...time,
      ...communication,
    ],
  },
  // Before 4.8 ptrace could bypass the filter (seccomp(2)).
  { calls: ['ptrace', 'process_vm_readv', 'process_vm_writev'], minKernel: [4, 8] },
  // Every family except AF_ALG, the kernel's crypto, and AF_VSOCK, which reaches the hypervisor from any namespace.
  // Each by itself: a filter compares 64 bits where socket(2) uses 32, so "greater than AF_VSOCK" would admit 2^32 +
  // AF_ALG.
  { calls: ['socket'], argument: { index: 0, is: 'less', value: afAlg } },
  ...familiesAbove.map(
    (value): DefaultSeccompRule => ({ calls: ['socket'], argument: { index: 0, is: 'equal', value } }),
  ),
  ...personalities.map(
    (value): DefaultSeccompRule => ({ calls: ['personality'], argument: { index: 0, is: 'equal', value } }),
  ),

  { calls: ['arch_prctl', 'modify_ldt'], machine: 'amd64' },
  {
    calls: words('arm_fadvise64_64 arm_sync_file_range sync_file_range2 breakpoint cacheflush set_tls'),
    machine: 'arm64',
  },

  // New processes, but no new namespaces. clone3 passes its flags in memory, which a filter cannot read; ENOSYS makes
  // programs fall back to clone.
  {
    calls: ['clone'],
    argument: { index: 0, is: 'masked', mask: newNamespaceFlags, value: 0 },
    withoutCapability: admin,
  },
  { calls: ['clone3'], withoutCapability: admin, errno: enosys },

  {
    calls: words(`
      bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie lsm_get_self_attr lsm_list_modules
      lsm_set_self_attr mount mount_setattr move_mount open_tree perf_event_open quotactl quotactl_fd setdomainname
      sethostname setns syslog umount umount2 unshare
    `),
    capability: admin,
  },
  { calls: ['open_by_handle_at'], capability: 'CAP_DAC_READ_SEARCH' },
  { calls: ['reboot'], capability: 'CAP_SYS_BOOT' },
  { calls: ['chroot'], capability: 'CAP_SYS_CHROOT' },
  { calls: ['init_module', 'finit_module', 'delete_module'], capability: 'CAP_SYS_MODULE' },
  { calls: ['acct'], capability: 'CAP_SYS_PACCT' },
  {
    calls: words('kcmp pidfd_getfd process_madvise process_vm_readv process_vm_writev ptrace'),
    capability: 'CAP_SYS_PTRACE',
  },
  { calls: ['iopl', 'ioperm'], capability: 'CAP_SYS_RAWIO' },
  { calls: words('settimeofday stime clock_settime clock_settime64'), capability: 'CAP_SYS_TIME' },
  { calls: ['vhangup'], capability: 'CAP_SYS_TTY_CONFIG' },
  { calls: words('get_mempolicy mbind set_mempolicy set_mempolicy_home_node'), capability: 'CAP_SYS_NICE' },
  { calls: ['syslog'], capability: 'CAP_SYSLOG' },
  { calls: ['bpf'], capability: 'CAP_BPF' },
  { calls: ['perf_event_open'], capability: 'CAP_PERFMON' },
];
