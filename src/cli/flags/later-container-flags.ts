import type { LaterFlag } from './flags.ts';

const network = 'So far there are only the networks none and host.';
const ports = "With '--network host' its ports are the machine's.";
const disk = 'How fast it reads and writes disks is not limited yet.';
const health = 'Nothing looks after the health of containers yet.';
const windows = 'It is for containers of Windows.';
const volumes = "Name a directory of the machine by its absolute path: '-v /srv/data:/data'.";
const processors = 'How much of the processors it gets is said by --cpus and --cpu-shares.';

/** Flags of docker's `run` and `create` that Strata does not have yet, and what there is instead. */
export const laterFlags: readonly LaterFlag[] = [
  ['--blkio-weight <n>', disk],
  ['--blkio-weight-device <d>', disk],
  ['--cgroupns <n>', "It has its own with control groups of version 2, and the machine's with version 1."],
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
  ['--kernel-memory <b>', "--memory counts the kernel's memory for it, too."],
  ['--link <l>', network],
  ['--link-local-ip <i>', network],
  ['--mac-address <m>', network],
  ['--memory-swappiness <n>', 'How much it may swap is said by --memory-swap.'],
  ['--net-alias <a>', network],
  ['--network-alias <a>', network],
  ['--no-healthcheck', health],
  ['--oom-kill-disable', 'How soon it is ended when memory runs out is said by --oom-score-adj.'],
  ['-p, --publish <p>', ports],
  ['-P, --publish-all', ports],
  ['--storage-opt <s>', 'What it writes is limited by the disk only.'],
  ['--use-api-socket', "There is no daemon; bind a socket with '-v'."],
  ['--volume-driver <d>', volumes],
  ['--volumes-from <c>', volumes],
];
