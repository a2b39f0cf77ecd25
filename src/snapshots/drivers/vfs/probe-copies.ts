import { probeDirectories } from '../../probe-directories.ts';
import type { ProbeEnvironment } from '../../probe-environment.ts';
import type { DriverProbe } from '../../storage-driver.ts';

/** Probes whether copies of whole layers can be kept on the store's filesystem. */
export function probeCopies(environment: ProbeEnvironment): DriverProbe {
  const { problem, warnings } = probeDirectories(environment);
  const { filesystem } = environment;
  // A bind mount keeps the flag, an overlay does not.
  const noexec =
    filesystem?.options.has('noexec') === true
      ? [`programs in containers cannot start: ${filesystem.mountPoint} is mounted noexec`]
      : [];
  return { works: problem === undefined, reason: problem ?? 'works everywhere', warnings: [...warnings, ...noexec] };
}
