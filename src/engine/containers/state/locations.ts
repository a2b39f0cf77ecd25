import { join } from 'node:path';
import type { HostOptions } from '../../../containers/host-options.ts';
import { type Bundle, bundleAt } from '../../../containers/runtime/bundle.ts';
import { findRuntime, isRuntimeName, usualRuntime } from '../../../containers/runtime/find-runtime.ts';
import type { RuntimeLocation } from '../../../containers/runtime/runtime-commands.ts';
import type { ContainerDefinition } from '../../../containers/state.ts';
import { bundlesOf, runtimeRootOf, type StoreLayout } from '../../../store/layout.ts';
import type { Store } from '../../../store/store.ts';
import { definitionOf } from './state.ts';

/** Returns the runtime of a container. A container without a recorded one was created for the usual one, not today's default. */
export const runtimeNameOf = ({ Runtime = '' }: HostOptions): string => Runtime || usualRuntime;

export const bundleOf = (layout: StoreLayout, id: string): Bundle => bundleAt(join(bundlesOf(layout), id));

/** Returns the folder of a container's files that outlive its runs: its log and the files mounted over its /etc. */
export const folderOf = ({ containers }: StoreLayout, id: string): string => join(containers, id);

export const logPathOf = (layout: StoreLayout, id: string): string => join(folderOf(layout, id), 'log');

type RuntimeStore = Pick<Store, 'layout' | 'configuration'>;

/** Returns the path and root of a container's runtime. Throws ERR_RUNTIME_UNKNOWN, ERR_RUNTIME_MISSING. */
export const runtimeOf = (store: RuntimeStore, { host }: ContainerDefinition): RuntimeLocation =>
  locateRuntime(store, runtimeNameOf(host));

/**
 * Returns the runtime that clears a container's run: the usual one when the configuration no longer names the container's
 * own. State that it does not clear is removed by other means. Throws ERR_RUNTIME_MISSING.
 */
export function clearingRuntimeOf(store: Store, id: string): RuntimeLocation {
  const record = store.metadata.containers.get(id);
  const name = record === undefined ? usualRuntime : runtimeNameOf(definitionOf(record).host);
  return locateRuntime(store, isRuntimeName(name, store.configuration) ? name : usualRuntime);
}

/** Returns the path and root of the runtime for build steps. Throws ERR_RUNTIME_MISSING. */
export const stepRuntime = (store: RuntimeStore): RuntimeLocation => locateRuntime(store, undefined);

function locateRuntime({ layout, configuration }: RuntimeStore, name: string | undefined): RuntimeLocation {
  return { ...findRuntime(configuration, name), runtimeRoot: runtimeRootOf(layout) };
}
