import type { LayerIndex, RecordSpan } from '../index-file/layer-index.ts';
import type { OpenDirectories } from '../open-directories.ts';
import { comparePaths, isInside, parentPath, pathKey } from '../tree-path.ts';
import type { DiffChange } from './change.ts';

/** An entry of an amended layer that stays as it is: its header is known, and only the content is to be read. */
export interface KnownEntry {
  readonly kind: 'known';
  readonly path: Uint8Array;
  readonly tree: OpenDirectories;
  readonly directory: string;
  readonly record: RecordSpan['record'];
  readonly header: Uint8Array;
}

/**
 * What an amended layer says after all, in the order of an archive: what the index says of it, but where `amendments`
 * say something else. Those are all that the amending directory says, its root first; what they hide is not there.
 */
export function* mergeAmendments(
  amendments: Iterable<DiffChange>,
  amended: OpenDirectories,
  index: LayerIndex,
): Generator<DiffChange | KnownEntry, void> {
  const rest = amendments[Symbol.iterator]();
  let next = rest.next();
  // Known entries at this place, and inside the other one, are no more.
  let replaced: Uint8Array | undefined;
  let hidden: Uint8Array | undefined;
  const isHidden = (path: Uint8Array): boolean => hidden !== undefined && isInside(path, hidden);
  function* until(path: Uint8Array | undefined): Generator<DiffChange, void> {
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
    yield* until(path);
    if (isSame(path, replaced) || isHidden(path)) continue;
    const header = index.rawBytes(span.offset, record.headerBytes);
    yield { kind: 'known', path, tree: amended, directory: pathKey(parentPath(path)), record, header };
  }
  yield* until(undefined);
}

const isSame = (path: Uint8Array, other: Uint8Array | undefined): boolean =>
  other !== undefined && path.length === other.length && comparePaths(path, other) === 0;
