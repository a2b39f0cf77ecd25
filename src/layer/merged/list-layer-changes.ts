import { comparePaths, isInside } from '../tree-path.ts';
import type { MergedFile } from './merged-file.ts';
import type { MergedLayers } from './merged-layers.ts';

/** A change that one layer makes to the files of the layers below. */
export interface LayerChange {
  readonly change: 'added' | 'changed' | 'deleted';
  /** The file with the layer; a deleted one as it was below. */
  readonly file: MergedFile;
}

const root = new Uint8Array(0);

/**
 * Yields the files that a layer adds, changes and deletes, in path order. Of a directory that is deleted, or replaced by
 * another kind of file, only the directory itself is listed.
 */
export function* listLayerChanges(view: MergedLayers, layer: number): Generator<LayerChange, void> {
  const before = view.lowest(layer).list(root, { recursive: true });
  const after = view.lowest(layer + 1).list(root, { recursive: true });
  let [below, file] = [before.next(), after.next()];
  let removed: Uint8Array | undefined;
  while (below.done !== true || file.done !== true) {
    const order = below.done === true ? 1 : file.done === true ? -1 : comparePaths(below.value.path, file.value.path);
    if (order >= 0 && file.done !== true) {
      const isOwn = file.value.layer === layer;
      if (isOwn) yield { change: order > 0 ? 'added' : 'changed', file: file.value };
      if (order === 0 && file.value.kind !== 'directory') removed = file.value.path;
      file = after.next();
    } else if (below.done !== true && !(removed && isInside(below.value.path, removed))) {
      yield { change: 'deleted', file: below.value };
      removed = below.value.path;
    }
    if (order <= 0) below = before.next();
  }
}
