import type { AbortOptions } from '../lib/abort.ts';
import type { BuildNetwork } from './frontend/run-step.ts';

/** Options of a build. */
export interface BuildRequest extends AbortOptions {
  /**
   * Files that the build may read: a folder, or the bytes of an archive in any compression. Bytes that are not an
   * archive are a Dockerfile without files, as on docker's standard input. Without a context there are no files, and
   * the Dockerfile has to be given as text.
   */
  readonly context?: string | AsyncIterable<Uint8Array>;
  /**
   * Path of the Dockerfile, or its text; default `Dockerfile` in the context. A path is relative to the context. An
   * absolute path may be anywhere on this machine, with `<path>.dockerignore` beside it.
   */
  readonly dockerfile?: string | DockerfileText;
  /** References for the image; without any it is listed as `<none>`. */
  readonly tags?: readonly string[];
  /**
   * Values for the ARGs of the Dockerfile. `SOURCE_DATE_EPOCH`, seconds since 1970, becomes the time of everything that
   * the build creates; the environment variable of that name is not read.
   */
  readonly buildArgs?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  /** Stage to build; default the last. */
  readonly target?: string;
  /**
   * Network of a RUN without `--network`; a RUN may request no more than this. `none`, `host`, or `default`, which is
   * the host's network as well, but then `RUN --network=host` is refused.
   */
  readonly network?: BuildNetwork;
  /** Policy for a base that is not in the store: `missing` (default) and `never` are the same for now. */
  readonly pull?: PullPolicy;
  /** True runs every step, even a cached one. */
  readonly noCache?: boolean;
}

export type PullPolicy = 'missing' | 'never' | 'always';

/** The text of a Dockerfile. */
export interface DockerfileText {
  readonly text: string | Uint8Array | AsyncIterable<Uint8Array>;
}
