import { type FileStat, statAtIfThere } from '../../sys/stat.ts';
import { mergeNames } from '../merge-names.ts';
import type { OpenDirectories } from '../open-directories.ts';
import { childPath, pathKey } from '../tree-path.ts';
import type { Warn } from './change.ts';
import { isLeftOut } from './is-left-out.ts';
import { isSameNode } from './same-node.ts';

/** The nodes of two trees at one path. A node that a layer cannot hold counts as missing. */
export interface ComparedNode {
  readonly path: Uint8Array;
  /** Key of its directory. */
  readonly directory: string;
  readonly stat: FileStat | undefined;
  readonly before: FileStat | undefined;
}

interface ComparedLevel {
  readonly key: string;
  readonly path: Uint8Array;
  readonly inLower: boolean;
  /** Names still to visit, in byte order. */
  readonly names: Iterator<Uint8Array, void>;
}

const ignoreWarning = (): void => {};

export const inodeOf = (stat: FileStat): string => `${stat.deviceMajor}:${stat.deviceMinor}:${stat.ino}`;

/** Walks a complete tree together with the tree it was made from, if any. */
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

  /** Yields all nodes, parents first and in byte order, without the root. */
  *nodes(): Generator<ComparedNode, void> {
    const levels = [this.#level('', new Uint8Array(0), this.#lower !== undefined)];
    for (let level = levels.at(-1); level; level = levels.at(-1)) {
      const { value: name } = level.names.next();
      if (name === undefined) levels.pop();
      else {
        const node = this.#node(level, name, this.#warn);
        if (node.stat !== undefined || node.before !== undefined) yield node;
        if (node.stat?.type === 'directory') {
          levels.push(this.#level(pathKey(node.path), node.path, node.before?.type === 'directory'));
        }
      }
    }
  }

  /**
   * Returns true when both trees have the same node. The names of one file must also have been names of one file before.
   * Call it in the order of {@link nodes}.
   */
  isSame(node: ComparedNode): boolean {
    const { path, directory, stat, before } = node;
    const lower = this.#lower;
    if (lower === undefined || stat === undefined || before === undefined) return false;
    const name = path.subarray(path.lastIndexOf(0x2f) + 1);
    const isSame = isSameNode(
      { directoryFd: this.#upper.fd(directory), name, stat },
      { directoryFd: lower.fd(directory), name, stat: before },
    );
    return isSame && (!isLinked(node) || this.#files.isPair(inodeOf(stat), inodeOf(before)));
  }

  /** Returns true when a directory that both trees have has gained or lost a name. */
  hasOtherNames(path: Uint8Array): boolean {
    const level = this.#level(pathKey(path), path, true);
    for (let next = level.names.next(); next.done !== true; next = level.names.next()) {
      const { stat, before } = this.#node(level, next.value, ignoreWarning);
      if ((stat === undefined) !== (before === undefined)) return true;
    }
    return false;
  }

  #node({ key, path: parent, inLower }: ComparedLevel, name: Uint8Array, warn: Warn): ComparedNode {
    const path = childPath(parent, name);
    const stat = statAtIfThere(this.#upper.fd(key), name);
    const before = inLower && this.#lower ? statAtIfThere(this.#lower.fd(key), name) : undefined;
    return {
      path,
      directory: key,
      stat: stat && !isLeftOut(path, stat, warn) ? stat : undefined,
      before: before && !isLeftOut(path, before, ignoreWarning) ? before : undefined,
    };
  }

  #level(key: string, path: Uint8Array, inLower: boolean): ComparedLevel {
    const lower = inLower && this.#lower ? [this.#lower.fd(key)] : [];
    return { key, path, inLower, names: mergeNames([this.#upper.fd(key), ...lower]) };
  }
}

/** Returns true for a file that has, or had, several names. */
export const isLinked = ({ stat, before }: ComparedNode): boolean =>
  stat !== undefined && stat.type !== 'directory' && (stat.nlink > 1 || (before?.nlink ?? 0) > 1);

/** Pairs of old and new inodes: each old file must be one new file, and the other way round. */
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
