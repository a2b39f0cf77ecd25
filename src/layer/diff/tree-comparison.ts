import { type FileStat, statAtIfThere } from '../../sys/stat.ts';
import { mergeNames } from '../merge-names.ts';
import type { OpenDirectories } from '../open-directories.ts';
import { childPath, pathKey } from '../tree-path.ts';
import type { Warn } from './change.ts';
import { isLeftOut } from './is-left-out.ts';
import { isSameNode } from './same-node.ts';

/** What two trees have at a place, one of them at least; what has no place in a layer does not count. */
export interface ComparedNode {
  readonly path: Uint8Array;
  /** The place of its directory as a key. */
  readonly directory: string;
  readonly stat: FileStat | undefined;
  readonly before: FileStat | undefined;
}

interface ComparedLevel {
  readonly key: string;
  readonly path: Uint8Array;
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
          levels.push(this.#level(pathKey(node.path), node.path, node.before?.type === 'directory'));
        }
      }
    }
  }

  /**
   * Whether both trees have the same there. Names of one file count as one thing: those of another file than before
   * differ. To be asked in the order of {@link nodes}.
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

  /** Whether a directory that both trees have got a name or lost one. */
  hasOtherNames(path: Uint8Array): boolean {
    const level = this.#level(pathKey(path), path, true);
    for (let next = level.names.next(); next.done !== true; next = level.names.next()) {
      const { stat, before } = this.#node(level, next.value, ignore);
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
      before: before && !isLeftOut(path, before, ignore) ? before : undefined,
    };
  }

  #level(key: string, path: Uint8Array, inLower: boolean): ComparedLevel {
    const lower = inLower && this.#lower ? [this.#lower.fd(key)] : [];
    return { key, path, inLower, names: mergeNames([this.#upper.fd(key), ...lower]) };
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
