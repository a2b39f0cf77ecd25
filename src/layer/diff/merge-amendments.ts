import type { LayerIndex, RecordSpan } from '../index-file/layer-index.ts';
import type { OpenDirectories } from '../open-directories.ts';
import { comparePaths, isInside, parentPath, pathKey } from '../tree-path.ts';
import type { DiffChange } from './change.ts';

/** An unchanged entry of an amended layer: its header is known, only the content must be read. */
export interface KnownEntry {
  readonly kind: 'known';
  readonly path: Uint8Array;
  readonly tree: OpenDirectories;
  readonly directory: string;
  readonly record: RecordSpan['record'];
  readonly header: Uint8Array;
}

/**
 * Yields the entries of an amended layer in archive order: those of its index, except where `amendments` replace or hide
 * them. The amendments are all changes of the amending directory, its root first. A hidden entry is simply left out.
 */
export function* mergeAmendments(
  amendments: Iterable<DiffChange>,
  amended: OpenDirectories,
  index: LayerIndex,
): Generator<DiffChange | KnownEntry, void> {
  const rest = amendments[Symbol.iterator]();
  let next = rest.next();
  // Known entries at `replaced`, and at `hidden` and inside it, are left out.
  let replaced: Uint8Array | undefined;
  let hidden: Uint8Array | undefined;
  const isHidden = (path: Uint8Array): boolean => hidden !== undefined && isInside(path, hidden);
  function* takeUntil(path: Uint8Array | undefined): Generator<DiffChange, void> {
    while (next.done !== true && (path === undefined || comparePaths(next.value.path, path) <= 0)) {
      const change = next.value;
      replaced = change.path;
      const isDirectory = change.kind === 'entry' && change.stat.type === 'directory';
      if (!isDirectory && !isHidden(change.path)) hidden = change.path;
      if (change.kind === 'entry') yield change;
      next = rest.next();
    }
  }
  for (const { record, span } of index.recordSpans()) {
    const { treePath: path } = record;
    yield* takeUntil(path);
    if (isSame(path, replaced) || isHidden(path)) continue;
    const header = index.rawBytes(span.offset, record.headerBytes);
    yield { kind: 'known', path, tree: amended, directory: pathKey(parentPath(path)), record, header };
  }
  yield* takeUntil(undefined);
}

const isSame = (path: Uint8Array, other: Uint8Array | undefined): boolean =>
  other !== undefined && path.length === other.length && comparePaths(path, other) === 0;
