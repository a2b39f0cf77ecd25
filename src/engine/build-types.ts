import type { BuildImageEvent, BuiltImage } from '../build/build-parts.ts';
import type { AbortOptions } from '../lib/abort.ts';

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
export type BuildEvent = BuildImageEvent;
export type BuildResult = BuiltImage;
