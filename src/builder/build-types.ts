import type { AbortOptions } from '../lib/abort.ts';
import type { BuildNetwork } from './frontend/run-step.ts';

/** What to build, and what to call it. */
export interface BuildRequest extends AbortOptions {
  /**
   * The files the build may read: a folder, or the bytes of an archive of them, in any compression. Bytes that are no
   * archive are a Dockerfile without files, as on docker's standard input. Without a context there are no files, and the
   * Dockerfile has to be given as text.
   */
  readonly context?: string | AsyncIterable<Uint8Array>;
  /** The Dockerfile: where it is, or its text; default `Dockerfile` in the context. */
  readonly dockerfile?: string | DockerfileText;
  /** References for the image. Without any it stays as `<none>`. */
  readonly tags?: readonly string[];
  /**
   * Values for the ARGs of the Dockerfile. `SOURCE_DATE_EPOCH`, seconds since 1970, is the time of all that the build makes;
   * the environment is not looked at.
   */
  readonly buildArgs?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  /** The stage to build; default the last. */
  readonly target?: string;
  /**
   * What RUN may reach, and gets where it does not say itself: `none`, `host`, or `default`, which is the host's network
   * as well, except that a Dockerfile may not ask for it by name.
   */
  readonly network?: BuildNetwork;
  /** Whether a base that is not in the store may be fetched: `missing` (default) and `never` are the same for now. */
  readonly pull?: PullPolicy;
  /** Runs every step, whatever the cache holds. */
  readonly noCache?: boolean;
}

export type PullPolicy = 'missing' | 'never' | 'always';

/**
 * As a path, a Dockerfile is taken relative to the context; an absolute path may be anywhere on this machine, and then
 * `<path>.dockerignore` lies beside it.
 */
export interface DockerfileText {
  readonly text: string | Uint8Array | AsyncIterable<Uint8Array>;
}
