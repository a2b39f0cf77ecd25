import type { LaterFlag } from './flags.ts';

const network = 'Leave it out: the only networks are none and host.';
const ports = "Use '--network host': the container's ports are then the machine's.";
const disk = 'Leave it out: disk bandwidth cannot be limited.';
const health = 'Leave it out: health checks are not run.';
const windows = 'Leave it out: it is for Windows containers only.';
const volumes = "Bind mount a directory by its absolute path: '-v /srv/data:/data'.";
const processors = 'Use --cpus or --cpu-shares.';

/** Flags of docker's `run` and `create` that Strata lacks, and the alternatives. */
export const laterContainerFlags: readonly LaterFlag[] = [
  ['--blkio-weight <n>', disk],
  ['--blkio-weight-device <d>', disk],
  ['--cgroupns <n>', "Leave it out: it is private with cgroup v2, and the machine's with cgroup v1."],
  ['--cpu-count <n>', windows],
  ['--cpu-percent <n>', windows],
  ['--cpu-rt-period <n>', processors],
  ['--cpu-rt-runtime <n>', processors],
  ['--device-cgroup-rule <r>', 'Name each device with --device.'],
  ['--device-read-bps <d>', disk],
  ['--device-read-iops <d>', disk],
  ['--device-write-bps <d>', disk],
  ['--device-write-iops <d>', disk],
  ['--expose <p>', ports],
  ['--gpus <g>', 'Name each device with --device.'],
  ['--health-cmd <c>', health],
  ['--health-interval <t>', health],
  ['--health-retries <n>', health],
  ['--health-start-interval <t>', health],
  ['--health-start-period <t>', health],
  ['--health-timeout <t>', health],
  ['--io-maxbandwidth <b>', windows],
  ['--io-maxiops <n>', windows],
  ['--ip <i>', network],
  ['--ip6 <i>', network],
  ['--isolation <i>', windows],
  ['--kernel-memory <b>', 'Use --memory, which includes kernel memory.'],
  ['--link <l>', network],
  ['--link-local-ip <i>', network],
  ['--mac-address <m>', network],
  ['--memory-swappiness <n>', 'Use --memory-swap to limit swap.'],
  ['--net-alias <a>', network],
  ['--network-alias <a>', network],
  ['--no-healthcheck', health],
  ['--oom-kill-disable', 'Use --oom-score-adj.'],
  ['-p, --publish <p>', ports],
  ['-P, --publish-all', ports],
  ['--storage-opt <s>', 'Leave it out: the size of a container is limited by the disk only.'],
  ['--use-api-socket', "Bind mount a socket with '-v': Strata has no daemon."],
  ['--volume-driver <d>', volumes],
  ['--volumes-from <c>', volumes],
];
