import { closeSync, fstatSync, fsyncSync, openSync, readSync, renameSync, rmSync } from 'node:fs';
import { openIfThere } from '../../sys/open-if-there.ts';
import { readFault } from '../../sys/read-fault.ts';

const pieceBytes = 1 << 20;

/**
 * Gives a finished index its name; to be called under the layer's lock. One that stands may be what an image acknowledged
 * long ago is remade from: it stays where it says the same, and else gives way to one that is on the disk already. A
 * rename alone would let a power cut leave an empty file in its place.
 */
export function placeIndex(written: string, path: string): void {
  const standing = openIfThere(path);
  if (standing === undefined) return renameSync(written, path);
  try {
    const fd = openSync(written, 'r');
    try {
      if (isReadableAndSame(fd, standing)) return rmSync(written);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } finally {
    closeSync(standing);
  }
  renameSync(written, path);
}

function isReadableAndSame(written: number, standing: number): boolean {
  try {
    return isSame(written, standing);
  } catch (error) {
    readFault(error);
    return false;
  }
}

function isSame(a: number, b: number): boolean {
  const { size } = fstatSync(a);
  if (fstatSync(b).size !== size) return false;
  const [left, right] = [Buffer.alloc(Math.min(size, pieceBytes)), Buffer.alloc(Math.min(size, pieceBytes))];
  for (let offset = 0; offset < size; ) {
    const count = readSync(a, left, 0, left.length, offset);
    const other = readSync(b, right, 0, right.length, offset);
    if (count === 0 || count !== other || left.compare(right, 0, count, 0, count) !== 0) return false;
    offset += count;
  }
  return true;
}
