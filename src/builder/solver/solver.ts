import type { Log } from './log.ts';
import { Slots } from './slots.ts';
import { stepKey } from './step-key.ts';
import type { Cached, CacheStore, OpContext, ReportSolve, Result, StepState, Vertex } from './types.ts';

export interface SolverOptions<R extends Result> {
  readonly cache: CacheStore<R>;
  readonly report?: ReportSolve<R>;
  readonly signal: AbortSignal;
  /** Most operations that run side by side; unlimited by default. */
  readonly atOnce?: number;
}

/** The result of a vertex, and the key that it is cached under. */
interface Solved<R extends Result> {
  readonly key: string | undefined;
  readonly result: R;
}

/** State of the work on one vertex. */
interface Flight<R extends Result> {
  readonly inputs: readonly Solved<R>[];
  readonly move: (step: StepState<R>) => void;
  /** Receives the slot of a running operation. */
  readonly slot: DisposableStack;
}

/**
 * Computes the results of vertices: inputs first and side by side, then the key, then the cache, then the operation. A
 * vertex is worked on once per solver, however many others depend on it.
 */
export class Solver<R extends Result> {
  readonly #flights = new Map<string, Promise<Solved<R>>>();
  readonly #options: SolverOptions<R>;
  readonly #slots: Slots;
  readonly #failed = new AbortController();
  /** Aborted with the caller's signal, and by the first failure. */
  readonly #signal: AbortSignal;

  constructor(options: SolverOptions<R>) {
    this.#options = options;
    this.#slots = new Slots(options.atOnce ?? Number.POSITIVE_INFINITY);
    this.#signal = AbortSignal.any([options.signal, this.#failed.signal]);
  }

  /** Sets the result of a vertex that exists already: an image to build upon. It is neither run nor cached. */
  give(vertex: Vertex<R>, result: R): void {
    this.#flights.set(vertex.digest, Promise.resolve({ key: undefined, result }));
  }

  /**
   * Returns the result of `vertex`. Rejects with the first failure of the solver, which aborts all other work, or with
   * the abort reason. Nothing that it started runs on afterwards.
   */
  async solve(vertex: Vertex<R>): Promise<R> {
    const { result } = await this.#solve(vertex);
    return result;
  }

  #solve(vertex: Vertex<R>): Promise<Solved<R>> {
    const existing = this.#flights.get(vertex.digest);
    if (existing) return existing;
    const flight = this.#fly(vertex);
    this.#flights.set(vertex.digest, flight);
    return flight;
  }

  async #fly(vertex: Vertex<R>): Promise<Solved<R>> {
    const { report } = this.#options;
    // A long chain of vertices must not make a deep call stack.
    await Promise.resolve();
    this.#signal.throwIfAborted();
    const named = { digest: vertex.digest, name: vertex.name };
    const move = (step: StepState<R>): void => report?.({ type: 'step', vertex: named, step });
    const log: Log = (stream, lines, taken) => {
      if (report) report({ type: 'log', vertex: named, stream, lines }, taken);
      else taken?.();
    };
    const inputs = await this.#inputsOf(vertex);
    const startedAt = Date.now();
    // Disposed of last: after a failure no waiting operation starts.
    using slot = new DisposableStack();
    try {
      return await this.#work(vertex, { inputs, move, slot }, { signal: this.#signal, log });
    } catch (error) {
      // After an abort its reason counts, not the error of the stopped operation.
      if (this.#signal.aborted) move({ state: 'canceled', startedAt, endedAt: Date.now() });
      else {
        this.#failed.abort(error);
        move({ state: 'failed', error, startedAt, endedAt: Date.now() });
      }
      throw this.#signal.reason;
    }
  }

  async #work(vertex: Vertex<R>, { inputs, move, slot }: Flight<R>, context: OpContext): Promise<Solved<R>> {
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
    slot.use(await this.#slots.take());
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

  /** Returns the results of all inputs; waits for all even when one fails, unlike Promise.all. */
  async #inputsOf({ inputs }: Vertex<R>): Promise<Solved<R>[]> {
    const outcomes = await Promise.allSettled(inputs.map((input) => this.#solve(input)));
    return outcomes.map((outcome) => {
      if (outcome.status === 'rejected') throw this.#signal.reason;
      return outcome.value;
    });
  }
}
