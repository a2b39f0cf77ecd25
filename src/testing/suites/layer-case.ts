import type { Change } from '../tree-changes.ts';

/** Layers made one on the other through their mounts, and the tree they must give (in `listTree`'s notation). */
export interface LayerCase {
  /** Names the behaviour; a historic bug's starts with its number and tells the symptom. */
  readonly title: string;
  /** The lowest first. */
  readonly layers: readonly (readonly Change[])[];
  readonly expected: readonly string[];
}
