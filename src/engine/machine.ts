import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import type { Machine } from '../oci-runtime/from-image.ts';
import { cgroupVersion } from '../sys/features.ts';
import { readMountInfo } from '../sys/mountinfo.ts';

let known: Machine | undefined;

/** This machine, as runtime documents depend on it; looked at once. */
export function thisMachine(): Machine {
  known ??= {
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    kernelRelease: release(),
    possibleCpus: readFileSync('/sys/devices/system/cpu/possible', 'latin1').trim(),
    hasUnifiedCgroups: cgroupVersion(readMountInfo().map(({ type }) => type)) === 'v2',
  };
  return known;
}
