import { resolve } from 'node:path';
import { type ConfigurationOptions, loadConfiguration } from '../configuration/load-configuration.ts';
import type { ContainerState, ContainerStatus } from '../containers/state.ts';
import { readNames } from '../metadata/read-names.ts';
import { familiarString, parseReference } from '../reference/index.ts';
import { layoutOf } from '../store/layout.ts';

/** A store, by its root or by the configuration file that names its root. */
export type StorePlace = Pick<ConfigurationOptions, 'root' | 'configurationFile'>;

/** Names of containers and images in a store. */
export interface NamesInStore {
  readonly containers: readonly { readonly name: string; readonly status: ContainerStatus }[];
  /** References in their familiar form, such as `busybox:latest`. */
  readonly images: readonly string[];
}

/**
 * Reads the names in a store without opening it: creates, writes and waits for nothing. States are as the last command left
 * them. Returns empty lists for a store that is missing or cannot be read. Never rejects.
 *
 * ```ts
 * const { containers, images } = await namesInStore({ root: '/var/lib/strata' });
 * ```
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
