import type { Log } from './log.ts';
import type { CacheStore, OpContext, ReportSolve, Result, StepState, Vertex } from './types.ts';

export interface SolverOptions<R extends Result> {
  readonly cache: CacheStore<R>;
  readonly report?: ReportSolve<R>;
  readonly signal: AbortSignal;
}

/**
 * Brings vertices to results: inputs first and side by side, then the key, then the cache, then the operation.
 * A vertex is worked on once per solver however many others stand on it.
 */
export class Solver<R extends Result> {
  readonly #flights = new Map<string, Promise<R>>();
  readonly #options: SolverOptions<R>;
  readonly #failed = new AbortController();
  /** Aborted when the caller's is, and with the first failure. */
  readonly #signal: AbortSignal;

  constructor(options: SolverOptions<R>) {
    this.#options = options;
    this.#signal = AbortSignal.any([options.signal, this.#failed.signal]);
  }

  /** Takes the result of a vertex that stands already: an image to build upon. It is neither run nor cached. */
  give(vertex: Vertex<R>, result: R): void {
    this.#flights.set(vertex.digest, Promise.resolve(result));
  }

  /**
   * The result of `vertex`. Rejects with the first failure of the solver, which aborts whatever else runs, or with the
   * abort reason; nothing it started runs on afterwards.
   */
  solve(vertex: Vertex<R>): Promise<R> {
    const standing = this.#flights.get(vertex.digest);
    if (standing) return standing;
    const flight = this.#fly(vertex);
    this.#flights.set(vertex.digest, flight);
    return flight;
  }

  async #fly(vertex: Vertex<R>): Promise<R> {
    const { cache, report } = this.#options;
    const signal = this.#signal;
    // A long chain of vertices must not become as deep a call stack.
    await Promise.resolve();
    signal.throwIfAborted();
    const told = { digest: vertex.digest, name: vertex.name };
    const move = (step: StepState<R>): void => report?.({ type: 'step', vertex: told, step });
    const log: Log = (stream, lines, taken) => {
      if (report) report({ type: 'log', vertex: told, stream, lines }, taken);
      else taken?.();
    };
    const context: OpContext = { signal, log };
    const inputs = await this.#inputsOf(vertex);
    const startedAt = Date.now();
    try {
      move({ state: 'unkeyed' });
      const { digest: key, exec } = await vertex.op.key(inputs, context);
      move({ state: 'keyed', key });
      await using _flight = await cache.lock(key, { signal });
      const found = vertex.ignoreCache ? undefined : await cache.find(key);
      if (found) {
        move({ state: 'hit', key, result: found });
        return found;
      }
      move({ state: 'running', key, startedAt });
      const result = await exec(context);
      await cache.save(key, result, vertex);
      move({ state: 'done', key, result, startedAt, endedAt: Date.now() });
      return result;
    } catch (error) {
      this.#failed.abort(error);
      move({ state: 'failed', error, startedAt, endedAt: Date.now() });
      // Of an operation that was told to stop the reason counts, not how it stopped.
      throw signal.reason;
    }
  }

  /** Like Promise.all, but waits for all even when one fails. */
  async #inputsOf({ inputs }: Vertex<R>): Promise<R[]> {
    const outcomes = await Promise.allSettled(inputs.map((input) => this.solve(input)));
    return outcomes.map((outcome) => {
      if (outcome.status === 'rejected') throw this.#signal.reason;
      return outcome.value;
    });
  }
}
