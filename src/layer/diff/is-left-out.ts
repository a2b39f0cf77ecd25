import { displayBytes } from '../../lib/bytes.ts';
import type { FileStat } from '../../sys/stat.ts';
import { isWhiteout } from '../overlay-form.ts';
import { nameStart } from '../tree-path.ts';
import { isReservedName } from '../whiteout-names.ts';
import type { Warn } from './change.ts';

/**
 * Returns true, after a warning, for a node that a layer cannot hold: a socket is useless without its process (docker
 * leaves it out too), a name with the form of a whiteout would delete, and so would a device 0:0, for overlayfs.
 */
export function isLeftOut(path: Uint8Array, stat: FileStat, warn: Warn): boolean {
  const why =
    stat.type === 'socket'
      ? 'a socket'
      : stat.type === 'unknown'
        ? 'of an unknown type'
        : isWhiteout(stat)
          ? 'the device 0:0'
          : isReservedName(path.subarray(nameStart(path)))
            ? 'named like a deletion'
            : undefined;
  if (why !== undefined) warn(`${JSON.stringify(displayBytes(path))}: left out of the layer, because it is ${why}`);
  return why !== undefined;
}
