import { join } from 'node:path';
import { type Bundle, bundleAt } from '../../../containers/runtime/bundle.ts';
import { findRuntime } from '../../../containers/runtime/runtime.ts';
import type { RuntimePlace } from '../../../containers/runtime/runtime-commands.ts';
import type { Metadata } from '../../../metadata/metadata.ts';
import type { GarbageParts } from '../../garbage.ts';
import type { ImageReader } from '../../images/views.ts';
import { KeyLocks } from '../../key-locks.ts';
import type { StoreLayout } from '../../layout.ts';
import type { StorageDriver } from '../../open-driver.ts';

/** What work on containers needs of an open store. */
export interface ContainerParts {
  readonly layout: StoreLayout;
  readonly metadata: Metadata;
  readonly reader: ImageReader;
  readonly driver: StorageDriver;
  readonly garbage: GarbageParts;
  /** This process is ours alone: its main thread may take a mount namespace, and its signals are the container's. */
  readonly ownProcess: boolean;
}

/** Where the runtime keeps the state of this store's containers. */
export const runtimeRootOf = ({ run }: StoreLayout): string => join(run, 'runc');

/** Where bundles are. */
export const bundlesOf = ({ run }: StoreLayout): string => join(run, 'bundles');

/** Where supervisors say how their containers ended. */
export const exitsOf = ({ run }: StoreLayout): string => join(run, 'exits');

/** Where processes that join containers have what they need. */
export const execsOf = ({ run }: StoreLayout): string => join(run, 'execs');

export const bundleOf = (layout: StoreLayout, id: string): Bundle => bundleAt(join(bundlesOf(layout), id));

/** What belongs to one container and outlives its runs: its log, the files laid over its /etc. */
export const folderOf = ({ containers }: StoreLayout, id: string): string => join(containers, id);

export const logPathOf = (layout: StoreLayout, id: string): string => join(folderOf(layout, id), 'log');

/** Throws ERR_RUNTIME_MISSING. */
export const runtimePlaceOf = ({ layout }: Pick<ContainerParts, 'layout'>): RuntimePlace => ({
  runtime: findRuntime(),
  runtimeRoot: runtimeRootOf(layout),
});

/**
 * Who starts, recovers or removes a container holds its lock; looking at it or sending a signal takes none. A record whose
 * state says that somebody is at work, while the lock is free, was left by a killed command.
 */
export function locksOf({ layout, metadata }: Pick<ContainerParts, 'layout' | 'metadata'>): KeyLocks {
  metadata.db.openForWriting();
  return new KeyLocks(join(layout.locks, 'containers'));
}

/** Held by whoever freezes a container or lets it go on, by a commit from the one to the other. Taken before {@link locksOf}. */
export function pauseLocksOf({ layout, metadata }: Pick<ContainerParts, 'layout' | 'metadata'>): KeyLocks {
  metadata.db.openForWriting();
  return new KeyLocks(join(layout.locks, 'pauses'));
}
