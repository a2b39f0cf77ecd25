import type { ContainerState, ContainerStatus } from '../containers/state.ts';
import { readNames } from '../metadata/read-names.ts';
import { familiarString, parseReference } from '../reference/index.ts';
import { chooseRoot, layoutOf } from '../store/layout.ts';

/** What a store has names for, as people write them. */
export interface NamesInStore {
  readonly containers: readonly { readonly name: string; readonly status: ContainerStatus }[];
  readonly images: readonly string[];
}

/**
 * Reads the names in a store without opening it: nothing is made, written or waited for, and states are as the last
 * command left them. Empty where there is no store, or none that can be read.
 */
export function namesInStore(root: string | undefined): NamesInStore {
  try {
    const { containers, references } = readNames(layoutOf(chooseRoot(root, process.env)).database);
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
