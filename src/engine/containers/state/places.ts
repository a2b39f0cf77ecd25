import { join } from 'node:path';
import { type Bundle, bundleAt } from '../../../containers/runtime/bundle.ts';
import { findRuntime } from '../../../containers/runtime/runtime.ts';
import type { RuntimePlace } from '../../../containers/runtime/runtime-commands.ts';
import { bundlesOf, runtimeRootOf, type StoreLayout } from '../../../store/layout.ts';
import type { Store } from '../../../store/store.ts';

export const bundleOf = (layout: StoreLayout, id: string): Bundle => bundleAt(join(bundlesOf(layout), id));

/** Returns the folder of what belongs to one container and outlives its runs: its log, the files laid over its /etc. */
export const folderOf = ({ containers }: StoreLayout, id: string): string => join(containers, id);

export const logPathOf = (layout: StoreLayout, id: string): string => join(folderOf(layout, id), 'log');

/** Throws ERR_RUNTIME_MISSING. */
export const runtimePlaceOf = ({ layout }: Pick<Store, 'layout'>): RuntimePlace => ({
  runtime: findRuntime(),
  runtimeRoot: runtimeRootOf(layout),
});
