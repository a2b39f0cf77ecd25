import type { AbortOptions } from '../../lib/abort.ts';
import type { Log, OutputStream } from './log.ts';

/**
 * The result of a step. `identity` names the *output*, for as long as it may be used: equal outputs of two steps have
 * the same identity, so the steps above them have the same key, however the output was made (early cut-off). An
 * operation that its key describes completely may use the key; one that may do something else the next time must name
 * its output.
 */
export interface Result {
  readonly identity: string;
}

export interface OpContext {
  readonly signal: AbortSignal;
  readonly log: Log;
}

/** An operation on its inputs, after everything was read that decides its output. */
export interface Keyed<R extends Result> {
  /**
   * Digest over the operation, the platform, the arguments, the content it reads from outside and the inputs, each by
   * its identity or by the content that the operation reads. Results are cached under it.
   */
  readonly digest: string;
  /** Makes the result from exactly the content in `digest`. */
  exec(context: OpContext): Promise<R>;
}

/**
 * The operation of a step. It keeps no state between calls: everything that `key` has read is in the `exec` that it
 * returns.
 */
export interface Op<R extends Result> {
  /**
   * Digest over the operation and its arguments, known before anything is read. It covers neither inputs nor content.
   */
  readonly definition: string;
  /**
   * True when the definition and the identities of the inputs decide the output. They are the step's first
   * key then, which is looked up before anything is read. False for an operation that reads the build context.
   */
  readonly isKeyedByDefinition: boolean;
  /** Reads everything that decides the output. `exec` is called only when no result is cached under the digest. */
  key(inputs: readonly R[], context: OpContext): Promise<Keyed<R>>;
}

/** A node of the build graph. Vertices with equal digests are the same step and run once. */
export interface Vertex<R extends Result> {
  readonly digest: string;
  /** Name in progress: `[2/3] COPY hello /hello`. */
  readonly name: string;
  readonly inputs: readonly Vertex<R>[];
  readonly op: Op<R>;
  /** True runs the step even if a result is cached (`--no-cache`); the new result replaces it. */
  readonly ignoreCache?: boolean;
}

/** A cached result. */
export interface Cached<R extends Result> {
  /** Content key of its step, the digest of {@link Keyed}, also when it was found by the first key. */
  readonly key: string;
  readonly result: R;
}

/** A step with a result to be saved. */
export interface SavedStep {
  readonly key: string;
  /** The first key; undefined unless {@link Op.isKeyedByDefinition}. */
  readonly definitionKey: string | undefined;
  readonly name: string;
  /** Inputs of the step; `key` is undefined for an image to build upon. */
  readonly inputs: readonly { readonly key: string | undefined; readonly identity: string }[];
}

/** Results of earlier builds by key. A found result is kept for as long as the build lives. */
export interface CacheStore<R extends Result> {
  find(key: string): Promise<Cached<R> | undefined>;
  save(step: SavedStep, result: R): Promise<void>;
  /** Adds another key of a result. */
  addKey(cached: Cached<R>, key: string): Promise<void>;
  /** Locks a key across processes: resolves once no other build works on it; disposal passes the lock on. */
  lock(key: string, options: AbortOptions): Promise<AsyncDisposable>;
}

/** The state of a step: exactly one of these. */
export type StepState<R extends Result> =
  | { readonly state: 'unkeyed' }
  | { readonly state: 'keyed'; readonly key: string }
  | { readonly state: 'hit'; readonly key: string; readonly result: R }
  | { readonly state: 'running'; readonly key: string; readonly startedAt: number }
  | {
      readonly state: 'done';
      readonly key: string;
      readonly result: R;
      readonly startedAt: number;
      readonly endedAt: number;
    }
  | { readonly state: 'failed'; readonly error: unknown; readonly startedAt: number; readonly endedAt: number }
  /** Stopped: the build was aborted, or another step failed. */
  | { readonly state: 'canceled'; readonly startedAt: number; readonly endedAt: number };

/** Receives events. One with `taken` is to be kept until it is read, and `taken` to be called then. */
export type ReportSolve<R extends Result> = (event: SolveEvent<R>, taken?: () => void) => void;

/** An event of the solver. States are complete, so a slow reader may drop all but the last. */
export type SolveEvent<R extends Result> =
  | {
      readonly type: 'step';
      readonly vertex: { readonly digest: string; readonly name: string };
      readonly step: StepState<R>;
    }
  | {
      readonly type: 'log';
      readonly vertex: { readonly digest: string; readonly name: string };
      readonly stream: OutputStream;
      /** Whole lines with their line ends, which the last of all may lack, or a chunk of a very long line. */
      readonly lines: Uint8Array;
    };
