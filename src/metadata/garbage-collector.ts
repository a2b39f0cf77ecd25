import type { AbortOptions } from '../lib/abort.ts';
import type { Database } from './database.ts';
import type { Events } from './events.ts';
import type { Leases } from './leases.ts';
import type { Metadata } from './metadata.ts';
import type { ObjectKind, ObjectRef, Objects } from './objects.ts';
import type { SweepContext, Sweeper } from './sweepers.ts';

export type Sweepers = { readonly [Kind in ObjectKind]?: Sweeper };

export interface CollectOptions extends AbortOptions {
  /** False removes the build cache, too, except for results that a running operation uses. Default true. */
  readonly keepBuildCache?: boolean;
  /**
   * Removes names, such as tags, in the transaction that forgets the objects they kept, so that both disappear at once.
   * If it throws, the whole transaction is undone.
   */
  readonly release?: (() => void) | undefined;
}

export interface Collected {
  /** Number of removed leases of dead processes. */
  readonly deadLeases: number;
  /** Objects that were present before and are removed now. */
  readonly removed: readonly ObjectRef[];
}

/**
 * Selects the objects reachable from a root, in one walk over the edges. Roots are tags, kept targets, containers,
 * leases and, if `?1` is true, build records.
 */
const live = `
  WITH RECURSIVE live (id) AS (
    SELECT target_id FROM tag
    UNION SELECT object_id FROM target WHERE kept = 1
    UNION SELECT image_id FROM container WHERE image_id NOT NULL
    UNION SELECT snapshot_id FROM container WHERE snapshot_id NOT NULL
    UNION SELECT object_id FROM lease_ref
    UNION SELECT object_id FROM build_record WHERE ?1
    UNION SELECT e.to_id FROM edge e JOIN live ON e.from_id = live.id)`;

interface DeadRow extends ObjectRef {
  readonly present: number;
}

/**
 * Removes unreachable objects: first their rows, in one transaction, then their files, each under the object lock that
 * its creator takes too. A crash in between leaves files without rows, which {@link sweepOrphans} finds.
 */
export class GarbageCollector {
  readonly #db: Database;
  readonly #objects: Objects;
  readonly #leases: Leases;
  readonly #events: Events;
  readonly #sweepers: Sweepers;

  constructor(metadata: Pick<Metadata, 'db' | 'objects' | 'leases' | 'events'>, sweepers: Sweepers) {
    this.#db = metadata.db;
    this.#objects = metadata.objects;
    this.#leases = metadata.leases;
    this.#events = metadata.events;
    this.#sweepers = sweepers;
  }

  /**
   * Removes dead leases, forgets unreachable objects, and moves their files into the trash, which is emptied separately
   * because that can take long. The signal is ignored once objects are forgotten: otherwise their files would stay as
   * orphans.
   */
  async collect({ signal, keepBuildCache = true, release }: CollectOptions = {}): Promise<Collected> {
    signal?.throwIfAborted();
    const deadLeases = (await this.#leases.removeDead()).length;
    const dead = await this.#forgetUnreachable(keepBuildCache, { signal, release });
    // Absent objects are swept too: a creator that died before recording one may have left its files.
    await this.#sweep(dead, undefined);
    const removed = dead.filter(({ present }) => present === 1).map(({ kind, key }) => ({ kind, key }));
    return { deadLeases, removed };
  }

  /** Finds objects with files that are neither recorded nor pinned: a crash or an unfinished collection left them. */
  async findOrphans({ signal }: AbortOptions = {}): Promise<ObjectRef[]> {
    const orphans: ObjectRef[] = [];
    for (const [kind, sweeper] of this.#entries()) {
      if (!sweeper.stored) continue;
      // A creator records or pins before it creates a file, so a file listed first and unrecorded afterwards is an
      // orphan.
      for await (const key of sweeper.stored({ signal })) {
        if (!this.#objects.isWanted(kind, key)) orphans.push({ kind, key });
      }
    }
    return orphans;
  }

  /**
   * Moves the files that {@link findOrphans} finds into the trash, after removing dead leases, whose pins protect some.
   */
  async sweepOrphans({ signal }: AbortOptions = {}): Promise<ObjectRef[]> {
    await this.#leases.removeDead();
    const orphans = await this.findOrphans({ signal });
    await this.#sweep(orphans, signal);
    for (const [, sweeper] of this.#entries()) if (!sweeper.stored) await sweeper.sweep([], this.#context(signal));
    return orphans;
  }

  async #forgetUnreachable(
    keepBuildCache: boolean,
    { signal, release }: Pick<CollectOptions, 'signal' | 'release'>,
  ): Promise<DeadRow[]> {
    const keep = keepBuildCache ? 1 : 0;
    const forget = (): DeadRow[] => {
      release?.();
      const dead = this.#db
        .statement<DeadRow>(`${live} SELECT kind, key, present FROM object WHERE id NOT IN live ORDER BY id`)
        .all(keep);
      this.#db.statement(`${live} DELETE FROM object WHERE id NOT IN live`).run(keep);
      for (const { kind, key, present } of dead) {
        if (kind === 'image' && present === 1)
          this.#events.add({ type: 'image', action: 'delete', actor: key, attributes: { name: key } });
      }
      return dead;
    };
    return await this.#db.transact(forget, { signal, freesSpace: true });
  }

  async #sweep(objects: readonly ObjectRef[], signal: AbortSignal | undefined): Promise<void> {
    const byKind = Map.groupBy(objects, ({ kind }) => kind);
    for (const [kind, sweeper] of this.#entries()) {
      const keys = (byKind.get(kind) ?? []).map(({ key }) => key);
      if (keys.length > 0) await sweeper.sweep(keys, this.#context(signal));
    }
  }

  #entries(): [ObjectKind, Sweeper][] {
    return Object.entries(this.#sweepers) as [ObjectKind, Sweeper][];
  }

  #context(signal: AbortSignal | undefined): SweepContext {
    return { signal, isWanted: ({ kind, key }) => this.#objects.isWanted(kind, key) };
  }
}
