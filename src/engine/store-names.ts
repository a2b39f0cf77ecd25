import { resolve } from 'node:path';
import { type ConfigurationOptions, loadConfiguration } from '../configuration/load-configuration.ts';
import type { ContainerState, ContainerStatus } from '../containers/state.ts';
import { readNames } from '../metadata/read-names.ts';
import { familiarString, parseReference } from '../reference/index.ts';
import { layoutOf } from '../store/layout.ts';

/** Which store is meant. */
export type StorePlace = Pick<ConfigurationOptions, 'root' | 'configurationFile'>;

/** What a store has names for, as people write them. */
export interface NamesInStore {
  readonly containers: readonly { readonly name: string; readonly status: ContainerStatus }[];
  readonly images: readonly string[];
}

/**
 * Reads the names in a store without opening it: nothing is made, written or waited for, and states are as the last
 * command left them. Empty where there is no store, or none that can be read or found.
 */
export async function namesInStore(options: StorePlace): Promise<NamesInStore> {
  try {
    const { values } = await loadConfiguration(options, process.env);
    const { containers, references } = readNames(layoutOf(resolve(values.root)).database);
    return {
      containers: containers.map(({ name, state }) => ({
        name,
        status: (state as Partial<ContainerState> | null)?.status ?? 'created',
      })),
      images: references.map((reference) => familiarString(parseReference(reference))),
    };
  } catch {
    return { containers: [], images: [] };
  }
}
