import type { AbortOptions } from '../lib/abort.ts';
import type { Database } from './database.ts';
import type { Events } from './events.ts';
import type { Leases } from './leases.ts';
import type { Metadata } from './metadata.ts';
import type { ObjectKind, ObjectRef, Objects } from './objects.ts';
import type { SweepContext, Sweeper } from './sweepers.ts';

export type Sweepers = { readonly [Kind in ObjectKind]?: Sweeper };

export interface CollectOptions extends AbortOptions {
  /** False treats the build cache as garbage, too, except for what a running operation uses. Default true. */
  readonly keepBuildCache?: boolean;
  /**
   * Takes names away, in the transaction in which what they held dies: nobody ever sees the one without the other. What
   * it throws undoes all of it.
   */
  readonly release?: (() => void) | undefined;
}

export interface Collected {
  /** Leases of processes that are gone. */
  readonly deadLeases: number;
  /** What was present and is not any more. */
  readonly removed: readonly ObjectRef[];
}

/**
 * What is reachable from a root: a tag, a target that is kept, a container, a lease, and unless the cache is to go
 * (`?1`) a build record. One walk over the edges.
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
 * Removes what nothing needs. The rows die in one transaction; only then files follow, each under the lock that its
 * maker takes too. A crash in between leaves files without rows, which {@link sweepOrphans} finds.
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
   * One collection: ends dead leases, forgets unreachable objects, moves their files into trash. Trash is emptied
   * separately, because that can take long. The signal ends it until objects are forgotten and not afterwards: their
   * files would be nobody's until somebody looks for such.
   */
  async collect({ signal, keepBuildCache = true, release }: CollectOptions = {}): Promise<Collected> {
    signal?.throwIfAborted();
    const deadLeases = (await this.#leases.removeDead()).length;
    const dead = await this.#forgetUnreachable(keepBuildCache, { signal, release });
    // Also what was only named: a maker that died before it recorded the object may have left its files.
    await this.#sweep(dead, undefined);
    const removed = dead.filter(({ present }) => present === 1).map(({ kind, key }) => ({ kind, key }));
    return { deadLeases, removed };
  }

  /** Files of objects that are neither recorded nor pinned: left by a crash, or by a collection that did not finish. */
  async findOrphans({ signal }: AbortOptions = {}): Promise<ObjectRef[]> {
    const orphans: ObjectRef[] = [];
    for (const [kind, sweeper] of this.#entries()) {
      if (!sweeper.stored) continue;
      // A maker records or pins before it makes a file, so a file seen first and unrecorded afterwards is nobody's.
      for await (const key of sweeper.stored({ signal })) {
        if (!this.#objects.isWanted(kind, key)) orphans.push({ kind, key });
      }
    }
    return orphans;
  }

  /** Moves what {@link findOrphans} finds into trash, after ending dead leases, whose pins would protect it. */
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
