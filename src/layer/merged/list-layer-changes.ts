import { comparePaths, isInside } from '../tree-path.ts';
import type { MergedFile } from './merged-file.ts';
import type { MergedLayers } from './merged-layers.ts';

/** What one layer does to the files of those below it. */
export interface LayerChange {
  readonly change: 'added' | 'changed' | 'deleted';
  /** As it is with the layer; what was deleted, as it was below. */
  readonly file: MergedFile;
}

const root = new Uint8Array(0);

/**
 * Lists what a layer adds, changes and deletes, in path order: of a deleted directory, and of one that something else took
 * the place of, only the directory itself.
 */
export function* listLayerChanges(view: MergedLayers, layer: number): Generator<LayerChange, void> {
  const before = view.lowest(layer).list(root, { recursive: true });
  const after = view.lowest(layer + 1).list(root, { recursive: true });
  let [below, file] = [before.next(), after.next()];
  let gone: Uint8Array | undefined;
  while (below.done !== true || file.done !== true) {
    const order = below.done === true ? 1 : file.done === true ? -1 : comparePaths(below.value.path, file.value.path);
    if (order >= 0 && file.done !== true) {
      const isOwn = file.value.layer === layer;
      if (isOwn) yield { change: order > 0 ? 'added' : 'changed', file: file.value };
      if (order === 0 && file.value.kind !== 'directory') gone = file.value.path;
      file = after.next();
    } else if (below.done !== true && !(gone && isInside(below.value.path, gone))) {
      yield { change: 'deleted', file: below.value };
      gone = below.value.path;
    }
    if (order <= 0) below = before.next();
  }
}
