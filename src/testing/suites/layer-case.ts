import type { TreeChange } from '../tree-changes.ts';

/** Layers written one on the other through their mounts, and the expected tree (in `listTree`'s notation). */
export interface LayerCase {
  /** Names the behaviour; that of a historic bug starts with its number and describes the symptom. */
  readonly title: string;
  /** The lowest first. */
  readonly layers: readonly (readonly TreeChange[])[];
  readonly expected: readonly string[];
}
