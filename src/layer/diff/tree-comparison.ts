import { type FileStat, statAtIfThere } from '../../sys/stat.ts';
import { mergedNames } from '../merged-names.ts';
import type { OpenDirectories } from '../open-directories.ts';
import { childPlace, placeKey } from '../place.ts';
import type { Warn } from './change.ts';
import { isLeftOut } from './left-out.ts';
import { isSameNode } from './same-node.ts';

/** What two trees have at a place, one of them at least; what has no place in a layer does not count. */
export interface ComparedNode {
  readonly place: Uint8Array;
  /** The place of its directory as a key. */
  readonly directory: string;
  readonly stat: FileStat | undefined;
  readonly before: FileStat | undefined;
}

interface Level {
  readonly key: string;
  readonly place: Uint8Array;
  readonly inLower: boolean;
  /** Those not looked at yet, by bytes. */
  readonly names: Iterator<Uint8Array, void>;
}

const ignore = (): void => {};

export const inodeOf = (stat: FileStat): string => `${stat.deviceMajor}:${stat.deviceMinor}:${stat.ino}`;

/** Walks a complete tree together with the one it was made from, if any. */
export class TreeComparison {
  readonly #upper: OpenDirectories;
  readonly #lower: OpenDirectories | undefined;
  readonly #warn: Warn;
  readonly #files = new FilePairs();

  constructor(upper: OpenDirectories, lower: OpenDirectories | undefined, warn: Warn) {
    this.#upper = upper;
    this.#lower = lower;
    this.#warn = warn;
  }

  /** Parents first and by bytes, without the root. */
  *nodes(): Generator<ComparedNode, void> {
    const levels = [this.#level('', new Uint8Array(0), this.#lower !== undefined)];
    for (let level = levels.at(-1); level; level = levels.at(-1)) {
      const { value: name } = level.names.next();
      if (name === undefined) levels.pop();
      else {
        const node = this.#node(level, name, this.#warn);
        if (node.stat !== undefined || node.before !== undefined) yield node;
        if (node.stat?.type === 'directory') {
          levels.push(this.#level(placeKey(node.place), node.place, node.before?.type === 'directory'));
        }
      }
    }
  }

  /**
   * Whether both trees have the same there. Names of one file count as one thing: those of another file than before
   * differ. To be asked in the order of {@link nodes}.
   */
  isSame(node: ComparedNode): boolean {
    const { place, directory, stat, before } = node;
    const lower = this.#lower;
    if (lower === undefined || stat === undefined || before === undefined) return false;
    const name = place.subarray(place.lastIndexOf(0x2f) + 1);
    const isSame = isSameNode(
      { directoryFd: this.#upper.fd(directory), name, stat },
      { directoryFd: lower.fd(directory), name, stat: before },
    );
    return isSame && (!isLinked(node) || this.#files.isPair(inodeOf(stat), inodeOf(before)));
  }

  /** Whether a directory that both trees have got a name or lost one. */
  hasOtherNames(place: Uint8Array): boolean {
    const level = this.#level(placeKey(place), place, true);
    for (let next = level.names.next(); next.done !== true; next = level.names.next()) {
      const { stat, before } = this.#node(level, next.value, ignore);
      if ((stat === undefined) !== (before === undefined)) return true;
    }
    return false;
  }

  #node({ key, place: parent, inLower }: Level, name: Uint8Array, warn: Warn): ComparedNode {
    const place = childPlace(parent, name);
    const stat = statAtIfThere(this.#upper.fd(key), name);
    const before = inLower && this.#lower ? statAtIfThere(this.#lower.fd(key), name) : undefined;
    return {
      place,
      directory: key,
      stat: stat && !isLeftOut(place, stat, warn) ? stat : undefined,
      before: before && !isLeftOut(place, before, ignore) ? before : undefined,
    };
  }

  #level(key: string, place: Uint8Array, inLower: boolean): Level {
    const lower = inLower && this.#lower ? [this.#lower.fd(key)] : [];
    return { key, place, inLower, names: mergedNames([this.#upper.fd(key), ...lower]) };
  }
}

/** Whether a file has several names, or had. */
export const isLinked = ({ stat, before }: ComparedNode): boolean =>
  stat !== undefined && stat.type !== 'directory' && (stat.nlink > 1 || (before?.nlink ?? 0) > 1);

/** Names stay together: each old file is one new one and the other way round. */
class FilePairs {
  readonly #oldOf = new Map<string, string>();
  readonly #newOf = new Map<string, string>();

  isPair(inode: string, old: string): boolean {
    const oldOf = this.#oldOf.get(inode) ?? old;
    const newOf = this.#newOf.get(old) ?? inode;
    if (oldOf !== old || newOf !== inode) return false;
    this.#oldOf.set(inode, old);
    this.#newOf.set(old, inode);
    return true;
  }
}
