import { compareBytes } from '../../lib/bytes.ts';
import { listFd } from '../../sys/list-at.ts';
import { type FileStat, statAtIfThere, statFd } from '../../sys/stat.ts';
import type { OpenDirectories } from '../open-directories.ts';
import { childPlace, comparePlaces, placeKey } from '../place.ts';
import type { Change, Warn } from './change.ts';
import { isLeftOut } from './left-out.ts';
import { isSameNode } from './same-node.ts';

/** Changes between two trees. */
export interface TreeChanges {
  /** In the order of an archive. */
  readonly changes: readonly Change[];
  /** Places among them that are as before: another name of their file has changed. */
  readonly repeated: ReadonlySet<string>;
}

type EntryChange = Change & { readonly kind: 'entry' };

interface Level {
  readonly key: string;
  readonly place: Uint8Array;
  readonly inLower: boolean;
  readonly names: Uint8Array[];
}

/**
 * Compares a complete tree with the one it was made from (or with none). The root's entry always comes first. A file
 * with several names is one thing: when one name has changed, or names were added to or taken from it, all of them are
 * said again, so that they are one file afterwards too.
 */
export function treeChanges(upper: OpenDirectories, lower: OpenDirectories | undefined, warn: Warn): TreeChanges {
  const comparison = new Comparison(upper, lower, warn);
  comparison.run();
  return comparison.result();
}

class Comparison {
  readonly #upper: OpenDirectories;
  readonly #lower: OpenDirectories | undefined;
  readonly #warn: Warn;
  readonly #changes: Change[] = [];
  readonly #links = new LinkGroups();

  constructor(upper: OpenDirectories, lower: OpenDirectories | undefined, warn: Warn) {
    this.#upper = upper;
    this.#lower = lower;
    this.#warn = warn;
  }

  run(): void {
    const root = new Uint8Array(0);
    this.#changes.push({
      kind: 'entry',
      place: root,
      tree: this.#upper,
      directory: '',
      stat: statFd(this.#upper.rootFd),
    });
    const levels = [this.#level('', root, this.#lower !== undefined)];
    for (let level = levels.at(-1); level; level = levels.at(-1)) {
      const name = level.names.pop();
      if (name === undefined) levels.pop();
      else {
        const inside = this.#compare(level, name);
        if (inside) levels.push(inside);
      }
    }
  }

  result(): TreeChanges {
    const repeated = this.#links.unchangedNamesOfChanged();
    const changes = [...this.#changes, ...repeated].sort((a, b) => comparePlaces(a.place, b.place));
    return { changes, repeated: new Set(repeated.map(({ place }) => placeKey(place))) };
  }

  /** Notes what has happened to a name; answers the directory to go into. */
  #compare({ key, place: parent, inLower }: Level, name: Uint8Array): Level | undefined {
    const place = childPlace(parent, name);
    const stat = statAtIfThere(this.#upper.fd(key), name);
    const before = inLower && this.#lower ? statAtIfThere(this.#lower.fd(key), name) : undefined;
    if (!stat || isLeftOut(place, stat, this.#warn)) {
      if (before && !isLeftOut(place, before, () => {})) this.#changes.push({ kind: 'whiteout', place });
      return undefined;
    }
    const entry: EntryChange = { kind: 'entry', place, tree: this.#upper, directory: key, stat };
    const isSame = before !== undefined && this.#isSame(key, name, stat, before);
    if (stat.type !== 'directory' && (stat.nlink > 1 || (before?.nlink ?? 0) > 1)) {
      if (!this.#links.add(entry, isSame ? before : undefined)) this.#changes.push(entry);
    } else if (!isSame) this.#changes.push(entry);
    if (stat.type !== 'directory') return undefined;
    return this.#level(placeKey(place), place, before?.type === 'directory');
  }

  #isSame(key: string, name: Uint8Array, stat: FileStat, before: FileStat): boolean {
    const lower = this.#lower;
    return (
      lower !== undefined &&
      isSameNode({ directoryFd: this.#upper.fd(key), name, stat }, { directoryFd: lower.fd(key), name, stat: before })
    );
  }

  #level(key: string, place: Uint8Array, inLower: boolean): Level {
    const names = new Map<string, Uint8Array>();
    for (const { name } of listFd(this.#upper.fd(key))) names.set(placeKey(name), name);
    if (inLower && this.#lower) for (const { name } of listFd(this.#lower.fd(key))) names.set(placeKey(name), name);
    return { key, place, inLower, names: [...names.values()].sort((a, b) => compareBytes(b, a)) };
  }
}

const inodeOf = (stat: FileStat): string => `${stat.deviceMajor}:${stat.deviceMinor}:${stat.ino}`;

/** Names of files that have, or had, several. */
class LinkGroups {
  readonly #unchanged = new Map<string, EntryChange[]>();
  readonly #changed = new Set<string>();
  readonly #oldOf = new Map<string, string>();
  readonly #newOf = new Map<string, string>();

  /** Notes a name, with what it was when it looks the same; false when it counts as changed. */
  add(entry: EntryChange, before: FileStat | undefined): boolean {
    const inode = inodeOf(entry.stat);
    if (!before || !this.#isSameFile(inode, inodeOf(before))) {
      this.#changed.add(inode);
      return false;
    }
    const names = this.#unchanged.get(inode);
    if (names) names.push(entry);
    else this.#unchanged.set(inode, [entry]);
    return true;
  }

  unchangedNamesOfChanged(): EntryChange[] {
    return [...this.#changed].flatMap((inode) => this.#unchanged.get(inode) ?? []);
  }

  // Names stay together: each old file is one new one and the other way round.
  #isSameFile(inode: string, old: string): boolean {
    const oldOf = this.#oldOf.get(inode) ?? old;
    const newOf = this.#newOf.get(old) ?? inode;
    if (oldOf !== old || newOf !== inode) return false;
    this.#oldOf.set(inode, old);
    this.#newOf.set(old, inode);
    return true;
  }
}
