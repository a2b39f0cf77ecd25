import { compareBytes } from '../../lib/bytes.ts';
import { listFd } from '../../sys/list-at.ts';
import { statAt, statFd } from '../../sys/stat.ts';
import { isWhiteout } from '../merged-view.ts';
import type { OpenDirectories } from '../open-directories.ts';
import { childPlace, placeKey } from '../place.ts';
import { isOpaque } from '../xattrs.ts';
import type { Change, Warn } from './change.ts';
import { isLeftOut } from './left-out.ts';

interface Level {
  readonly key: string;
  readonly place: Uint8Array;
  /** Sorted backwards: the next one is the last. */
  readonly names: Uint8Array[];
}

/**
 * What an overlay layer's own directory says, parents first and by bytes. The root's entry comes first, always; whether
 * it says anything new is for the caller to tell. Keeps the names of one directory per level, nothing else.
 */
export function* overlayChanges(tree: OpenDirectories, opaqueAttribute: string, warn: Warn): Generator<Change, void> {
  const root = new Uint8Array(0);
  yield { kind: 'entry', place: root, directory: '', stat: statFd(tree.rootFd) };
  const levels: Level[] = [{ key: '', place: root, names: sortedNames(tree, '') }];
  for (let level = levels.at(-1); level; level = levels.at(-1)) {
    const name = level.names.pop();
    if (name === undefined) {
      levels.pop();
      continue;
    }
    const place = childPlace(level.place, name);
    const stat = statAt(tree.fd(level.key), name);
    if (isWhiteout(stat)) yield { kind: 'whiteout', place };
    else if (!isLeftOut(place, stat, warn)) {
      yield { kind: 'entry', place, directory: level.key, stat };
      if (stat.type === 'directory') levels.push(yield* enter(tree, place, opaqueAttribute));
    }
  }
}

function* enter(tree: OpenDirectories, place: Uint8Array, opaqueAttribute: string): Generator<Change, Level> {
  const key = placeKey(place);
  if (isOpaque(tree.fd(key), opaqueAttribute)) yield { kind: 'opaque', place };
  return { key, place, names: sortedNames(tree, key) };
}

const sortedNames = (tree: OpenDirectories, key: string): Uint8Array[] =>
  listFd(tree.fd(key))
    .map(({ name }) => name)
    .sort((a, b) => compareBytes(b, a));
