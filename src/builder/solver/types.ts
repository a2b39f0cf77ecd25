import type { AbortOptions } from '../../lib/abort.ts';
import type { Log, OutputStream } from './log.ts';

/**
 * What a step made. `identity` names the *output*, for as long as somebody may ask: two steps that made the same thing
 * have the same identity, so whatever stands on them has the same key, however the output came about (early cut-off).
 * An operation that its key describes completely may take the key; one that may do something else the next time must
 * name what it made.
 */
export interface Result {
  readonly identity: string;
}

export interface OpContext {
  readonly signal: AbortSignal;
  readonly log: Log;
}

/** An operation on its inputs, with everything read that decides its output. */
export interface Keyed<R extends Result> {
  /**
   * Digest over the operation, the platform, the arguments, the content it takes from outside and the inputs, each by
   * its identity or by what the operation reads of it. Results are cached under it.
   */
  readonly digest: string;
  /** Makes the result, of exactly what `digest` was made of. */
  exec(context: OpContext): Promise<R>;
}

/** What a step does. It keeps nothing between calls: what `key` has read is in the `exec` that it returns. */
export interface Op<R extends Result> {
  /** Digest over what the operation is told to do, known before anything is read. It names neither inputs nor content. */
  readonly definition: string;
  /**
   * Whether its definition and the identities of its inputs decide the output. They are a second key then, by which the
   * cache is asked before anything is read. Not so for what reads the build context.
   */
  readonly isKeyedByDefinition: boolean;
  /** Reads what decides the output. `exec` is called only when no result stands under the digest. */
  key(inputs: readonly R[], context: OpContext): Promise<Keyed<R>>;
}

/** A node of the build graph. Equal digests are the same step and run once. */
export interface Vertex<R extends Result> {
  readonly digest: string;
  /** As people see it: `[2/3] COPY hello /hello`. */
  readonly name: string;
  readonly inputs: readonly Vertex<R>[];
  readonly op: Op<R>;
  /** Run even though a result stands under the key (`--no-cache`); the new result replaces it. */
  readonly ignoreCache?: boolean;
}

/** A result that the cache holds. */
export interface Cached<R extends Result> {
  /** Of its step: the digest of {@link Keyed}, also where it was found by another one. */
  readonly key: string;
  readonly result: R;
}

/** A step whose result is to be saved. */
export interface SavedStep {
  readonly key: string;
  /** A second key, see {@link Op.isKeyedByDefinition}. */
  readonly definitionKey: string | undefined;
  readonly name: string;
  /** Where the cache leads to from here; `key` is undefined for what is no step's, an image to build upon. */
  readonly inputs: readonly { readonly key: string | undefined; readonly identity: string }[];
}

/** Results of earlier builds by key. What `find` returns is pinned for as long as the build lives. */
export interface CacheStore<R extends Result> {
  find(key: string): Promise<Cached<R> | undefined>;
  save(step: SavedStep, result: R): Promise<void>;
  /** Lets a result be found by one more key. */
  addKey(cached: Cached<R>, key: string): Promise<void>;
  /** One flight per key across processes: resolves once nobody else works on it; disposal lets the next one in. */
  lock(key: string, options: AbortOptions): Promise<AsyncDisposable>;
}

/** Where a step stands. One union, no flags: a step is in exactly one of these. */
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
  /** Told to stop: the build was aborted, or another step failed. */
  | { readonly state: 'canceled'; readonly startedAt: number; readonly endedAt: number };

/** Takes events; one with `taken` is to be kept until somebody has read it, who then calls that. */
export type ReportSolve<R extends Result> = (event: SolveEvent<R>, taken?: () => void) => void;

/** What the solver tells while it works; states are whole, so a slow reader may drop all but the last. */
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
      /** Whole lines, each with its line end but perhaps the last of all, or a piece of a very long one. */
      readonly lines: Uint8Array;
    };
