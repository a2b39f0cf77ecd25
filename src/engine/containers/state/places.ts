import { join } from 'node:path';
import type { HostOptions } from '../../../containers/host-options.ts';
import { type Bundle, bundleAt } from '../../../containers/runtime/bundle.ts';
import { findRuntime, isRuntimeName, usualRuntime } from '../../../containers/runtime/find-runtime.ts';
import type { RuntimeLocation } from '../../../containers/runtime/runtime-commands.ts';
import type { ContainerDefinition } from '../../../containers/state.ts';
import { bundlesOf, runtimeRootOf, type StoreLayout } from '../../../store/layout.ts';
import type { Store } from '../../../store/store.ts';
import { definitionOf } from './state.ts';

/** Containers of which no runtime is recorded were made for the usual one, whatever the default has become. */
export const runtimeNameOf = ({ Runtime = '' }: HostOptions): string => Runtime || usualRuntime;

export const bundleOf = (layout: StoreLayout, id: string): Bundle => bundleAt(join(bundlesOf(layout), id));

/** Returns the folder of what belongs to one container and outlives its runs: its log, the files laid over its /etc. */
export const folderOf = ({ containers }: StoreLayout, id: string): string => join(containers, id);

export const logPathOf = (layout: StoreLayout, id: string): string => join(folderOf(layout, id), 'log');

type RuntimeStore = Pick<Store, 'layout' | 'configuration'>;

/** Returns how the runtime of a container is called. Throws ERR_RUNTIME_UNKNOWN, ERR_RUNTIME_MISSING. */
export const runtimePlaceOf = (store: RuntimeStore, { host }: ContainerDefinition): RuntimeLocation =>
  placeOf(store, runtimeNameOf(host));

/**
 * Returns how to call the runtime that clears up behind a container. What it leaves is taken away by other means, so the usual
 * one will do when the configuration no longer knows the container's own. Throws ERR_RUNTIME_MISSING.
 */
export function clearingPlaceOf(store: Store, id: string): RuntimeLocation {
  const record = store.metadata.containers.get(id);
  const name = record === undefined ? usualRuntime : runtimeNameOf(definitionOf(record).host);
  return placeOf(store, isRuntimeName(name, store.configuration) ? name : usualRuntime);
}

/** Returns how the runtime of build steps is called. Throws ERR_RUNTIME_MISSING. */
export const stepRuntimePlace = (store: RuntimeStore): RuntimeLocation => placeOf(store, undefined);

function placeOf({ layout, configuration }: RuntimeStore, name: string | undefined): RuntimeLocation {
  return { ...findRuntime(configuration, name), runtimeRoot: runtimeRootOf(layout) };
}
