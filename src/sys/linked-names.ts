import { ByteArena } from '../lib/byte-arena.ts';
import { copyInto } from '../lib/copy-into.ts';
import type { FileStat } from './stat.ts';

/**
 * Map from inodes to the first name of files that have several. It takes some 40 bytes a file besides the name, where a Map
 * takes 200: a copied tree may have a million hard links.
 */
export class LinkedNames {
  readonly #names = new ByteArena();
  #length = 0;
  #inodes: BigUint64Array = new BigUint64Array(16);
  #devices: Float64Array = new Float64Array(16);
  #starts: Uint32Array = new Uint32Array(16);
  #lengths: Uint32Array = new Uint32Array(16);
  /** Hash table, at most half full: indexes of files plus one, 0 for a free slot. */
  #slots: Uint32Array = new Uint32Array(32);

  /** Returns the name that {@link add} stored for this file; undefined when there is none. */
  first(stat: FileStat): Uint8Array | undefined {
    const file = this.#slots[this.#slotOf(stat.ino, deviceOf(stat))] as number;
    if (file === 0) return undefined;
    return this.#names.bytes(this.#starts[file - 1] as number, this.#lengths[file - 1] as number);
  }

  /** Stores the first name of a file, for which {@link first} has returned undefined. */
  add(stat: FileStat, name: Uint8Array): void {
    if (this.#length === this.#inodes.length) this.#grow();
    const file = this.#length++;
    this.#inodes[file] = stat.ino;
    this.#devices[file] = deviceOf(stat);
    this.#starts[file] = this.#names.add(name);
    this.#lengths[file] = name.length;
    this.#slots[this.#slotOf(stat.ino, deviceOf(stat))] = file + 1;
  }

  /** Returns the slot of the file, or the free slot for it. */
  #slotOf(inode: bigint, device: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let slot = hashOf(inode) & mask; ; slot = (slot + 1) & mask) {
      const file = slots[slot] as number;
      if (file === 0 || (this.#inodes[file - 1] === inode && this.#devices[file - 1] === device)) return slot;
    }
  }

  #grow(): void {
    const size = this.#length * 2;
    this.#inodes = copyInto(this.#inodes, new BigUint64Array(size));
    this.#devices = copyInto(this.#devices, new Float64Array(size));
    this.#starts = copyInto(this.#starts, new Uint32Array(size));
    this.#lengths = copyInto(this.#lengths, new Uint32Array(size));
    this.#slots = new Uint32Array(size * 2);
    for (let file = 0; file < this.#length; file++) {
      this.#slots[this.#slotOf(this.#inodes[file] as bigint, this.#devices[file] as number)] = file + 1;
    }
  }
}

const deviceOf = ({ deviceMajor, deviceMinor }: FileStat): number => deviceMajor * 2 ** 32 + deviceMinor;

/** Hashes an inode so that neighbours are far apart, upper bits included: overlayfs has the layer there. */
function hashOf(inode: bigint): number {
  const folded = Number(inode & 0xffff_ffffn) ^ Number(inode >> 32n);
  const mixed = Math.imul(folded ^ (folded >>> 16), 0x45d9_f3b);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
