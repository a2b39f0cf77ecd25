import type { AbortOptions } from '../../lib/abort.ts';

/** The image that a container's changes are to become. */
export interface CommitRequest extends AbortOptions {
  /** A name for the image; without one it stays as `<none>`. */
  readonly reference?: string;
  readonly author?: string;
  /** What the history says of it. */
  readonly message?: string;
  /** Dockerfile instructions for the image's config, such as `CMD ["sh"]`. */
  readonly changes?: readonly string[];
  /** Pauses a running container while its files are copied; default true. */
  readonly pause?: boolean;
}

/** How far a commit is. */
export interface CommitEvent {
  readonly type: 'copy' | 'layer' | 'image';
}
