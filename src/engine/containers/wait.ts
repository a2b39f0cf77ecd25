import { mkdirSync } from 'node:fs';
import { isActive } from '../../containers/state.ts';
import { readExit, untilExit } from '../../containers/supervised/exits.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import type { ContainerRecord } from '../../metadata/containers.ts';
import { lookUp } from './look-up.ts';
import { type ContainerParts, exitsOf } from './parts.ts';
import { reconcileContainer } from './reconcile.ts';
import { stateOf } from './state.ts';

/**
 * Waits until a container no longer runs and answers its exit code; at once for one that does not run. Throws
 * ERR_CONTAINER_NOT_FOUND.
 */
export async function waitForContainer(
  parts: ContainerParts,
  name: string,
  options: AbortOptions = {},
): Promise<number> {
  return await untilEnd(parts, await lookUp(parts, name, options), options);
}

/** {@link waitForContainer} for a record; also answers for one that is removed as it ends. */
export async function untilEnd(parts: ContainerParts, before: ContainerRecord, options: AbortOptions): Promise<number> {
  const { id } = before;
  const { status, startedAt = 0 } = stateOf(before);
  const directory = exitsOf(parts.layout);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  let exitCode = 0;
  await untilExit(
    directory,
    async () => {
      // With --rm the record goes, the file some seconds later: it may be gone by now, or have come meanwhile.
      const early = readExit(directory, id);
      const record = await reconcileContainer(parts, id, options);
      const exit = readExit(directory, id) ?? early;
      exitCode = (record && stateOf(record).exitCode) ?? exit?.exitCode ?? exitCode;
      if (record === undefined || !isActive(stateOf(record))) return true;
      // Started again before we looked: it has ended all the same.
      return status === 'running' && stateOf(record).startedAt !== startedAt;
    },
    options,
  );
  return exitCode;
}
