import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isStrataError } from '../errors/index.ts';
import type { Lease } from '../ledger/types.ts';
import type { ContainerRecord } from '../metadata/containers.ts';
import type { Metadata } from '../metadata/metadata.ts';
import { run } from '../sys/process.ts';
import { isRunning, saysRunning, stateOf, toJson } from './container-state.ts';
import type { StoreLayout } from './layout.ts';
import type { StorageDriver } from './open-driver.ts';

export interface ContainerParts {
  readonly layout: StoreLayout;
  readonly metadata: Metadata;
  readonly driver: StorageDriver;
}

/** Where the runtime keeps the state of this store's containers. */
export const runtimeRootOf = ({ run: runDirectory }: StoreLayout): string => join(runDirectory, 'runc');

/** Where bundles are. */
export const bundlesOf = ({ run: runDirectory }: StoreLayout): string => join(runDirectory, 'bundles');

// Nobody was there to be told the code; containerd says the same.
const unknownExitCode = 255;

/**
 * Makes the records of containers true whose commands were killed: those that have ended meanwhile are marked so, or
 * removed when that was asked for (`--rm`); what is left of them in the runtime goes. A container that outlives its
 * command is let run: the runtime holds its lease. The leases of the dead have been removed before.
 */
export async function reconcileContainers(parts: ContainerParts, runtime: string): Promise<void> {
  const { metadata, layout } = parts;
  for (const listed of metadata.containers.list()) {
    if (!saysRunning(listed) || isRunning(metadata, listed)) continue;
    // A command writes how its container ended before it gives up the lease: look again, now that it has.
    const record = metadata.containers.get(listed.id);
    if (record === undefined || !saysRunning(record)) continue;
    if (existsSync(join(runtimeRootOf(layout), record.id))) {
      await run(runtime, ['--root', runtimeRootOf(layout), 'delete', '--force', record.id]);
    }
    rmSync(join(bundlesOf(layout), record.id), { recursive: true, force: true });
    const state = stateOf(record);
    if (state.remove === true) await discardContainer(parts, record);
    else
      metadata.containers.setState(record.id, toJson({ ...state, exitCode: unknownExitCode, finishedAt: Date.now() }));
  }
}

/** Forgets a container and moves its writable layer into the trash. */
export async function discardContainer(
  { metadata, driver }: ContainerParts,
  { id, snapshotId }: Pick<ContainerRecord, 'id' | 'snapshotId'>,
  lease?: Lease,
): Promise<void> {
  metadata.containers.remove(id);
  if (snapshotId === undefined) return;
  try {
    await driver.snapshotter.remove(snapshotId, { lease });
  } catch (error) {
    if (!isStrataError(error, 'ERR_SNAPSHOT_NOT_FOUND')) throw error;
  }
}
