import { StrataError } from '../errors/index.ts';
import { present } from '../lib/present.ts';
import { defaultDeviceRules } from './defaults.ts';
import type { DeviceRule, DeviceSpec, ResourcesSpec, Rlimit } from './spec.ts';

/** A device of the host, with its values from stat(2), and the container's access to it. */
export interface ContainerDevice extends DeviceSpec {
  /** `r`, `w` and `m` (make nodes); all three when absent. */
  readonly access?: string | undefined;
}

export interface ResourceOptions {
  /** Bytes; docker's minimum is 6 MiB. */
  readonly memoryBytes?: number | undefined;
  /** Memory and swap together; -1 is unlimited, absent is twice the memory. */
  readonly memorySwapBytes?: number | undefined;
  /** False when the kernel does not account swap: then it cannot be limited. */
  readonly swapAccounting?: boolean | undefined;
  readonly memoryReservationBytes?: number | undefined;
  /** Number of processors: 1.5 is one and a half. Not together with the period or the quota. */
  readonly cpus?: number | undefined;
  /** Length of a period, and processor time in each, in microseconds. */
  readonly cpuPeriod?: number | undefined;
  readonly cpuQuota?: number | undefined;
  /** Weight against other containers; 1024 is normal. */
  readonly cpuShares?: number | undefined;
  /** `0-2,5`. */
  readonly cpusetCpus?: string | undefined;
  readonly cpusetMems?: string | undefined;
  /** Processes and threads; -1 is unlimited. */
  readonly pidsLimit?: number | undefined;
}

export interface Ulimit {
  /** `nofile`, `nproc` and so on, in lower case as in ulimit. */
  readonly name: string;
  /** -1 is unlimited. */
  readonly soft: number;
  readonly hard: number;
}

const minMemoryBytes = 6 * 1024 * 1024;
const cpuPeriodMicroseconds = 100_000;
/** RLIM_INFINITY, too large for a JavaScript number. */
const unlimited = 2n ** 64n - 1n;
const limitNames =
  'as core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack'.split(' ');

function fail(message: string, hint: string): StrataError {
  return new StrataError({ code: 'ERR_RESOURCES_INVALID', message, hint });
}

const isCount = (value: number | undefined, min: number): boolean =>
  value === undefined || (Number.isSafeInteger(value) && value >= min);

function check(options: ResourceOptions): void {
  checkMemory(options);
  checkProcessors(options);
  const { pidsLimit } = options;
  if (pidsLimit !== -1 && !isCount(pidsLimit, 1)) {
    throw fail(`pids limit ${pidsLimit}: not positive`, 'Use -1 for no limit.');
  }
}

function checkMemory({ memoryBytes, memorySwapBytes, memoryReservationBytes }: ResourceOptions): void {
  if (!isCount(memoryBytes, minMemoryBytes))
    throw fail('Minimum memory limit allowed is 6MB', 'Raise the memory limit.');
  if (!isCount(memoryReservationBytes, minMemoryBytes)) {
    throw fail('Minimum memory reservation allowed is 6MB', 'Raise the reservation.');
  }
  if ((memoryReservationBytes ?? 0) > (memoryBytes ?? Number.POSITIVE_INFINITY)) {
    throw fail(
      'Minimum memory limit can not be less than memory reservation limit, see usage',
      'Raise the memory limit.',
    );
  }
  if (memorySwapBytes === undefined || memorySwapBytes === -1) return;
  if (memoryBytes === undefined) {
    const message = 'You should always set the Memory limit when using Memoryswap limit, see usage';
    throw fail(message, 'Set a memory limit too.');
  }
  if (!isCount(memorySwapBytes, memoryBytes)) {
    const message = 'Minimum memoryswap limit should be larger than memory limit, see usage';
    throw fail(message, 'Raise it: the memoryswap limit is memory and swap together.');
  }
}

function checkProcessors(options: ResourceOptions): void {
  const { cpus, cpuPeriod, cpuQuota, cpuShares } = options;
  if (cpus !== undefined && !(cpus >= 0.01 && cpus <= 100_000))
    throw fail(`cpus ${cpus}: below 0.01`, 'Raise the number of CPUs.');
  if (cpus !== undefined && (cpuPeriod ?? cpuQuota) !== undefined) {
    const other = cpuPeriod === undefined ? 'Quota' : 'Period';
    throw fail(`Conflicting options: Nano CPUs and CPU ${other} cannot both be set`, 'Give the number of CPUs alone.');
  }
  if (!isCount(cpuPeriod, 1000) || (cpuPeriod ?? 0) > 1_000_000) {
    const message = 'CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)';
    throw fail(message, 'Give the period in microseconds.');
  }
  if (cpuQuota !== -1 && !isCount(cpuQuota, 1000)) {
    throw fail('CPU cfs quota can not be less than 1ms (i.e. 1000)', 'Give the quota in microseconds.');
  }
  if (!isCount(cpuShares, 2)) throw fail(`cpu shares ${cpuShares}: below 2`, 'Raise the shares.');
  for (const [what, list] of [
    ['cpus', options.cpusetCpus],
    ['mems', options.cpusetMems],
  ] as const) {
    if (list !== undefined && !/^\d{1,5}(-\d{1,5})?(,\d{1,5}(-\d{1,5})?){0,500}$/.test(list)) {
      throw fail(`Invalid value ${list.slice(0, 100)} for cpuset ${what}`, 'Name them by number, as in 0-2,5.');
    }
  }
}

function ruleOf({ type, major, minor, access = 'rwm' }: ContainerDevice): DeviceRule {
  if (/^[rwm]{1,3}$/.test(access)) return { allow: true, type, major, minor, access };
  throw fail(
    `device access ${JSON.stringify(access.slice(0, 20))}: not made of r, w and m`,
    'Use rwm or a part of it.',
  );
}

function memory(options: ResourceOptions): ResourcesSpec['memory'] {
  const { memoryBytes: limit, memorySwapBytes, memoryReservationBytes: reservation } = options;
  if (limit === undefined && reservation === undefined) return undefined;
  return {
    ...(limit === undefined ? {} : { limit }),
    ...(limit === undefined || options.swapAccounting === false ? {} : { swap: memorySwapBytes ?? limit * 2 }),
    ...(reservation === undefined ? {} : { reservation }),
  };
}

function cpu(options: ResourceOptions): ResourcesSpec['cpu'] {
  const { cpus, cpuShares, cpusetCpus, cpusetMems } = options;
  const quota = cpus === undefined ? options.cpuQuota : Math.round(cpus * cpuPeriodMicroseconds);
  const period = cpus === undefined ? options.cpuPeriod : cpuPeriodMicroseconds;
  if ([quota, period, cpuShares, cpusetCpus, cpusetMems].every((value) => value === undefined)) return undefined;
  return present({
    shares: cpuShares,
    quota,
    period,
    cpus: cpusetCpus,
    mems: cpusetMems,
  });
}

/** Returns the control group settings. Throws ERR_RESOURCES_INVALID. */
export function resourcesOf(
  options: ResourceOptions,
  devices: readonly ContainerDevice[],
  privileged: boolean,
): ResourcesSpec {
  check(options);
  const memorySpec = memory(options);
  const cpuSpec = cpu(options);
  return {
    devices: privileged
      ? [{ allow: true, access: 'rwm' }]
      : [...defaultDeviceRules, ...devices.map((device) => ruleOf(device))],
    ...(memorySpec === undefined ? {} : { memory: memorySpec }),
    ...(cpuSpec === undefined ? {} : { cpu: cpuSpec }),
    ...(options.pidsLimit === undefined ? {} : { pids: { limit: options.pidsLimit } }),
  };
}

/**
 * Returns the limits of a process. Throws ERR_RESOURCES_INVALID for unknown names and a soft limit above the hard one.
 */
export function rlimitsOf(ulimits: readonly Ulimit[]): Rlimit[] {
  return ulimits.map(({ name, soft, hard }) => {
    const isFine = isCount(soft, -1) && isCount(hard, -1) && (hard === -1 || (soft !== -1 && soft <= hard));
    if (!limitNames.includes(name) || !isFine) {
      throw fail(`ulimit ${JSON.stringify(name.slice(0, 40))} ${soft}:${hard}: invalid`, 'Write name=soft:hard.');
    }
    const value = (limit: number): number | bigint => (limit === -1 ? unlimited : limit);
    return { type: `RLIMIT_${name.toUpperCase()}`, soft: value(soft), hard: value(hard) };
  });
}
