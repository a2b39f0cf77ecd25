import type { FilesystemResult } from '../build/ops/filesystem-result.ts';
import type { SolveEvent } from '../build/solver/types.ts';
import type { AbortOptions } from '../lib/abort.ts';
import type { Digest } from '../spec/digest.ts';

/** What to build, and what to call it. */
export interface BuildRequest extends AbortOptions {
  /** The folder with the files the build may read. */
  readonly context: string;
  /** The Dockerfile, inside the context; default `Dockerfile`. */
  readonly dockerfile?: string;
  /** References for the image. Without any it stays as `<none>`. */
  readonly tags?: readonly string[];
  readonly buildArgs?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  /** The stage to build; default the last. */
  readonly target?: string;
  /** Runs every step, whatever the cache holds. */
  readonly noCache?: boolean;
}

/** Progress of a build: the steps of the solver, then what is made of their results. */
export type BuildEvent =
  | SolveEvent<FilesystemResult>
  | { readonly type: 'warning'; readonly text: string }
  | { readonly type: 'layer'; readonly diffId: string; readonly sizeBytes: number }
  | { readonly type: 'image'; readonly id: Digest; readonly references: readonly string[] };

export interface BuildResult {
  /** The image ID: digest of its config. */
  readonly id: Digest;
  /** Digest of its manifest. */
  readonly target: Digest;
  /** As people write them, with their tags. */
  readonly references: readonly string[];
}
