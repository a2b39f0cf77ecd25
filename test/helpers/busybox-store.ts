import { Engine } from '../../src/engine/index.ts';
import { layoutOf } from '../../src/store/layout.ts';
import { busyboxContext } from './busybox-image.ts';
import { mountsNaming } from './machine-traces.ts';
import { recordsOf } from './store-places.ts';
import { type StrataCommand, strataCommand } from './strata.ts';
import type { Hooks } from './test-file.ts';

/** Returns the command on a store that holds the image `busybox`. */
export async function busyboxStore(context: Hooks, storageDriver = 'overlay2'): Promise<StrataCommand> {
  const strata = strataCommand(context);
  await using engine = await Engine.open({ root: strata.root, storageDriver });
  await engine.builder.build({ context: busyboxContext(context), tags: ['busybox'] }).result;
  return strata;
}

/** Returns name and state of each container, read from a store's records. */
export function containerRecords(strata: StrataCommand): { readonly name: string; readonly state: unknown }[] {
  using metadata = recordsOf(strata);
  return metadata.containers.list().map(({ name, state }) => ({ name, state }));
}

/** Returns the mounts of a store that this process sees. */
export const mountsOf = ({ root }: StrataCommand): string[] => mountsNaming(root, layoutOf(root).run);
