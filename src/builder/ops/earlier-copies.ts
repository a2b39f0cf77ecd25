import { join } from 'node:path';
import { readFields, writeFields } from '../context/fields-file.ts';
import type { CacheStore } from '../solver/types.ts';
import type { FilesystemResult } from './filesystem-result.ts';
import type { Owner } from './owner.ts';

/** What a COPY made of a folder, and of what. */
export interface EarlierCopy {
  /** The step's, under which its result is cached. */
  readonly key: string;
  readonly snapshotId: string;
  /** Whose the files are: what `--chown` came to in the base. */
  readonly owner: Owner;
  /** Nothing of the base lies under what was copied, but directories on the way there. */
  readonly isAllNew: boolean;
  /** See `CopiedEntry`; by path below the source, in the order of the walk. */
  readonly marks: ReadonlyMap<string, string>;
}

export interface EarlierCopiesOptions {
  /** For such files alone. */
  readonly folder: string;
  readonly cache: Pick<CacheStore<FilesystemResult>, 'find'>;
  /** Tells contexts apart whose steps are written alike. */
  readonly context: string;
}

const magic = 'strata-earlier-copies-v1';

/**
 * Copies of earlier builds, each made whole, for a later one of the same step to amend: one for each base, destination and
 * flags. A lost or damaged note costs time only.
 */
export class EarlierCopies {
  readonly context: string;
  readonly #folder: string;
  readonly #cache: EarlierCopiesOptions['cache'];

  constructor({ folder, cache, context }: EarlierCopiesOptions) {
    this.#folder = folder;
    this.#cache = cache;
    this.context = context;
  }

  /** The copy noted under a name of 64 hex digits, if its files are still there; they stay as long as the build lives. */
  async find(name: string): Promise<EarlierCopy | undefined> {
    const [key, snapshotId, uid, gid, isAllNew, ...pairs] = readFields(join(this.#folder, name), magic) ?? [];
    if (key === undefined || snapshotId === undefined) return undefined;
    // The same step may have been run anew, with files of other times.
    if ((await this.#cache.find(key))?.result.snapshotId !== snapshotId) return undefined;
    const marks = new Map<string, string>();
    for (let at = 0; at + 1 < pairs.length; at += 2) marks.set(pairs[at] ?? '', pairs[at + 1] ?? '');
    return { key, snapshotId, owner: { uid: Number(uid), gid: Number(gid) }, isAllNew: isAllNew === '1', marks };
  }

  /** Notes a copy in the place of an earlier one of that name. */
  put(name: string, { key, snapshotId, owner, isAllNew, marks }: EarlierCopy): void {
    const head = [key, snapshotId, `${owner.uid}`, `${owner.gid}`, isAllNew ? '1' : '0'];
    writeFields(join(this.#folder, name), magic, [...head, ...[...marks].flat()]);
  }
}
