import type { Log } from './log.ts';
import { Slots } from './slots.ts';
import { stepKey } from './step-key.ts';
import type { Cached, CacheStore, OpContext, ReportSolve, Result, StepState, Vertex } from './types.ts';

export interface SolverOptions<R extends Result> {
  readonly cache: CacheStore<R>;
  readonly report?: ReportSolve<R>;
  readonly signal: AbortSignal;
  /** How many operations run side by side; all that can without it. */
  readonly atOnce?: number;
}

/** The result of a vertex, and the key that it is cached under. */
interface Solved<R extends Result> {
  readonly key: string | undefined;
  readonly result: R;
}

/** What a vertex is worked on with. */
interface Flight<R extends Result> {
  readonly inputs: readonly Solved<R>[];
  readonly move: (step: StepState<R>) => void;
  /** Takes the slot of an operation that runs. */
  readonly room: DisposableStack;
}

/**
 * Brings vertices to results: inputs first and side by side, then the key, then the cache, then the operation.
 * A vertex is worked on once per solver however many others stand on it.
 */
export class Solver<R extends Result> {
  readonly #flights = new Map<string, Promise<Solved<R>>>();
  readonly #options: SolverOptions<R>;
  readonly #slots: Slots;
  readonly #failed = new AbortController();
  /** Aborted when the caller's is, and with the first failure. */
  readonly #signal: AbortSignal;

  constructor(options: SolverOptions<R>) {
    this.#options = options;
    this.#slots = new Slots(options.atOnce ?? Number.POSITIVE_INFINITY);
    this.#signal = AbortSignal.any([options.signal, this.#failed.signal]);
  }

  /** Takes the result of a vertex that stands already: an image to build upon. It is neither run nor cached. */
  give(vertex: Vertex<R>, result: R): void {
    this.#flights.set(vertex.digest, Promise.resolve({ key: undefined, result }));
  }

  /**
   * The result of `vertex`. Rejects with the first failure of the solver, which aborts whatever else runs, or with the
   * abort reason; nothing it started runs on afterwards.
   */
  async solve(vertex: Vertex<R>): Promise<R> {
    const { result } = await this.#solve(vertex);
    return result;
  }

  #solve(vertex: Vertex<R>): Promise<Solved<R>> {
    const standing = this.#flights.get(vertex.digest);
    if (standing) return standing;
    const flight = this.#fly(vertex);
    this.#flights.set(vertex.digest, flight);
    return flight;
  }

  async #fly(vertex: Vertex<R>): Promise<Solved<R>> {
    const { report } = this.#options;
    // A long chain of vertices must not become as deep a call stack.
    await Promise.resolve();
    this.#signal.throwIfAborted();
    const told = { digest: vertex.digest, name: vertex.name };
    const move = (step: StepState<R>): void => report?.({ type: 'step', vertex: told, step });
    const log: Log = (stream, lines, taken) => {
      if (report) report({ type: 'log', vertex: told, stream, lines }, taken);
      else taken?.();
    };
    const inputs = await this.#inputsOf(vertex);
    const startedAt = Date.now();
    // Disposed of last: what waits for room begins no work behind a failure.
    using room = new DisposableStack();
    try {
      return await this.#work(vertex, { inputs, move, room }, { signal: this.#signal, log });
    } catch (error) {
      // Of an operation that was told to stop the reason counts, not how it stopped.
      if (this.#signal.aborted) move({ state: 'canceled', startedAt, endedAt: Date.now() });
      else {
        this.#failed.abort(error);
        move({ state: 'failed', error, startedAt, endedAt: Date.now() });
      }
      throw this.#signal.reason;
    }
  }

  async #work(vertex: Vertex<R>, { inputs, move, room }: Flight<R>, context: OpContext): Promise<Solved<R>> {
    const { cache } = this.#options;
    const { op, name } = vertex;
    const results = inputs.map(({ result }) => result);
    const hit = (found: Cached<R>): Solved<R> => {
      move({ state: 'hit', key: found.key, result: found.result });
      return found;
    };
    move({ state: 'unkeyed' });
    const definitionKey = op.isKeyedByDefinition ? stepKey(op.definition, results) : undefined;
    const defined = definitionKey === undefined ? undefined : await this.#find(vertex, definitionKey);
    if (defined) return hit(defined);

    const { digest: key, exec } = await op.key(results, context);
    move({ state: 'keyed', key });
    await using _flight = await cache.lock(key, { signal: context.signal });
    const found = await this.#find(vertex, key);
    if (found) {
      if (definitionKey !== undefined && definitionKey !== key) await cache.addKey(found, definitionKey);
      return hit(found);
    }
    room.use(await this.#slots.take());
    context.signal.throwIfAborted();
    const startedAt = Date.now();
    move({ state: 'running', key, startedAt });
    const result = await exec(context);
    const from = inputs.map((input) => ({ key: input.key, identity: input.result.identity }));
    await cache.save({ key, definitionKey, name, inputs: from }, result);
    move({ state: 'done', key, result, startedAt, endedAt: Date.now() });
    return { key, result };
  }

  async #find({ ignoreCache }: Vertex<R>, key: string): Promise<Cached<R> | undefined> {
    return ignoreCache ? undefined : await this.#options.cache.find(key);
  }

  /** Like Promise.all, but waits for all even when one fails. */
  async #inputsOf({ inputs }: Vertex<R>): Promise<Solved<R>[]> {
    const outcomes = await Promise.allSettled(inputs.map((input) => this.#solve(input)));
    return outcomes.map((outcome) => {
      if (outcome.status === 'rejected') throw this.#signal.reason;
      return outcome.value;
    });
  }
}
