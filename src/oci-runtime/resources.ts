import { StrataError } from '../errors/index.ts';
import { defaultDeviceRules } from './defaults.ts';
import type { DeviceRule, DeviceSpec, ResourcesSpec, Rlimit } from './spec.ts';

/** A device of the host, as stat(2) tells it, and what the container may do with it. */
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
  /** Share of processors: 1.5 is one and a half. */
  readonly cpus?: number | undefined;
  /** Weight beside other containers; 1024 is normal. */
  readonly cpuShares?: number | undefined;
  /** `0-2,5`. */
  readonly cpusetCpus?: string | undefined;
  readonly cpusetMems?: string | undefined;
  /** Processes and threads; -1 is unlimited. */
  readonly pidsLimit?: number | undefined;
}

export interface Ulimit {
  /** `nofile`, `nproc`, …, in lower case as ulimit has them. */
  readonly name: string;
  /** -1 is unlimited. */
  readonly soft: number;
  readonly hard: number;
}

const minMemoryBytes = 6 * 1024 * 1024;
const cpuPeriodMicroseconds = 100_000;
/** RLIM_INFINITY, which no JavaScript number holds. */
const unlimited = 2n ** 64n - 1n;
const limitNames =
  'as core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack'.split(' ');

function fail(message: string, hint: string): StrataError {
  return new StrataError({ kind: 'invalid-argument', code: 'ERR_RESOURCES_INVALID', message, hint });
}

const isCount = (value: number | undefined, min: number): boolean =>
  value === undefined || (Number.isSafeInteger(value) && value >= min);

function check(options: ResourceOptions): void {
  const { memoryBytes, memorySwapBytes, memoryReservationBytes, cpus, cpuShares, pidsLimit } = options;
  if (!isCount(memoryBytes, minMemoryBytes)) throw fail(`memory limit ${memoryBytes}: below 6 MiB`, 'Raise --memory.');
  if (!isCount(memoryReservationBytes, minMemoryBytes) || (memoryReservationBytes ?? 0) > (memoryBytes ?? Infinity)) {
    throw fail(`memory reservation ${memoryReservationBytes}: not between 6 MiB and the limit`, 'Raise it.');
  }
  const isSwapFine =
    memorySwapBytes === undefined || memorySwapBytes === -1 || isCount(memorySwapBytes, memoryBytes ?? 0);
  if (!isSwapFine || (memorySwapBytes !== undefined && memoryBytes === undefined)) {
    throw fail(`swap limit ${memorySwapBytes}: must go with a memory limit and be no smaller`, 'Set --memory too.');
  }
  if (cpus !== undefined && !(cpus >= 0.01 && cpus <= 100_000)) throw fail(`cpus ${cpus}: below 0.01`, 'Raise --cpus.');
  if (!isCount(cpuShares, 2)) throw fail(`cpu shares ${cpuShares}: below 2`, 'Raise --cpu-shares.');
  if (pidsLimit !== -1 && !isCount(pidsLimit, 1))
    throw fail(`pids limit ${pidsLimit}: not positive`, 'Use -1 for none.');
  for (const list of [options.cpusetCpus, options.cpusetMems]) {
    if (list !== undefined && !/^\d{1,5}(-\d{1,5})?(,\d{1,5}(-\d{1,5})?){0,500}$/.test(list)) {
      throw fail(`cpuset ${JSON.stringify(list.slice(0, 100))}: not a list like 0-2,5`, 'Name processors by number.');
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

function cpu({ cpus, cpuShares, cpusetCpus, cpusetMems }: ResourceOptions): ResourcesSpec['cpu'] {
  if ([cpus, cpuShares, cpusetCpus, cpusetMems].every((value) => value === undefined)) return undefined;
  return {
    ...(cpuShares === undefined ? {} : { shares: cpuShares }),
    ...(cpus === undefined ? {} : { quota: Math.round(cpus * cpuPeriodMicroseconds), period: cpuPeriodMicroseconds }),
    ...(cpusetCpus === undefined ? {} : { cpus: cpusetCpus }),
    ...(cpusetMems === undefined ? {} : { mems: cpusetMems }),
  };
}

/** Control group settings. Throws ERR_RESOURCES_INVALID. */
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

/** Limits of a process. Throws ERR_RESOURCES_INVALID for unknown names and a soft limit over the hard one. */
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
