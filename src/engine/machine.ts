import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import { allCapabilities } from '../oci-runtime/capabilities.ts';
import type { Machine } from '../oci-runtime/create-runtime-spec.ts';
import { errnoOf } from '../sys/errno.ts';
import { cgroupVersion } from '../sys/features.ts';
import { readMountInfo } from '../sys/mountinfo.ts';

let machine: Machine | undefined;

/** Describes this machine as far as runtime documents depend on it. Read once a process. */
export function thisMachine(): Machine {
  machine ??= {
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    kernelRelease: release(),
    possibleCpus: readFileSync('/sys/devices/system/cpu/possible', 'latin1').trim(),
    capabilities: ownCapabilities(),
    hasUnifiedCgroups: cgroupVersion(readMountInfo().map(({ type }) => type)) === 'v2',
  };
  return machine;
}

/** Returns the online memory nodes, as in `0-1`. */
export function memoryNodes(): string {
  try {
    return readFileSync('/sys/devices/system/node/online', 'latin1').trim();
  } catch (error) {
    // A kernel without NUMA lists no nodes and accepts this one.
    if (errnoOf(error) === 'ENOENT') return '0';
    throw error;
  }
}

/** Returns the bounding set of this process. A capability outside it cannot be given to any child. */
function ownCapabilities(): readonly string[] {
  const [, hex = ''] = /^CapBnd:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'latin1')) ?? [];
  const bits = BigInt(`0x${hex}`);
  return allCapabilities.filter((_name, number) => ((bits >> BigInt(number)) & 1n) === 1n);
}
