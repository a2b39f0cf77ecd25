import { probeDirectories } from '../../probe-directories.ts';
import type { ProbePlace } from '../../probe-place.ts';
import type { DriverProbe } from '../../storage-driver.ts';

/** Probes whether copies of whole layers can be kept in a place. */
export function probeCopies(place: ProbePlace): DriverProbe {
  const { problem, warnings } = probeDirectories(place);
  const { filesystem } = place;
  // A bind mount keeps the flag, an overlay does not.
  const noexec =
    filesystem?.options.has('noexec') === true
      ? [`programs in containers cannot start: ${filesystem.mountPoint} is mounted noexec`]
      : [];
  return { works: problem === undefined, reason: problem ?? 'works everywhere', warnings: [...warnings, ...noexec] };
}
