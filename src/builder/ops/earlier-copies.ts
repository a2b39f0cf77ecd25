import { join } from 'node:path';
import { readFields, writeFields } from '../context/fields-file.ts';
import type { CacheStore } from '../solver/types.ts';
import type { FilesystemResult } from './filesystem-result.ts';
import type { Owner } from './owner.ts';

/** The copy of a folder by an earlier build, and the state of its files then. */
export interface EarlierCopy {
  /** Key of the step, under which its result is cached. */
  readonly key: string;
  readonly snapshotId: string;
  /** Owner of the files: `--chown`, resolved in the base. */
  readonly owner: Owner;
  /** True when no copied path existed in the base, except for the destination and directories above it. */
  readonly isAllNew: boolean;
  /** `mark` of each `CopiedEntry` by its path, in the order of the walk. */
  readonly marks: ReadonlyMap<string, string>;
}

export interface EarlierCopiesOptions {
  /** A folder with such files only. */
  readonly folder: string;
  readonly cache: Pick<CacheStore<FilesystemResult>, 'find'>;
  /** Distinguishes contexts with equal steps. */
  readonly context: string;
}

const magic = 'strata-earlier-copies-v1';

/**
 * Complete copies of earlier builds, which a later one of the same step may amend: one for each base, destination and
 * flags. A lost or damaged record costs time only.
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

  /**
   * Returns the copy recorded under a name of 64 hex digits if its snapshot still exists, which is kept while the build
   * lives.
   */
  async find(name: string): Promise<EarlierCopy | undefined> {
    const [key, snapshotId, uid, gid, isAllNew, ...pairs] = readFields(join(this.#folder, name), magic) ?? [];
    if (key === undefined || snapshotId === undefined) return undefined;
    // The same step may have been run again, with files of other times.
    if ((await this.#cache.find(key))?.result.snapshotId !== snapshotId) return undefined;
    const marks = new Map<string, string>();
    for (let at = 0; at + 1 < pairs.length; at += 2) marks.set(pairs[at] ?? '', pairs[at + 1] ?? '');
    return { key, snapshotId, owner: { uid: Number(uid), gid: Number(gid) }, isAllNew: isAllNew === '1', marks };
  }

  /** Records a copy instead of an earlier one of that name. */
  put(name: string, { key, snapshotId, owner, isAllNew, marks }: EarlierCopy): void {
    const head = [key, snapshotId, `${owner.uid}`, `${owner.gid}`, isAllNew ? '1' : '0'];
    writeFields(join(this.#folder, name), magic, [...head, ...[...marks].flat()]);
  }
}
