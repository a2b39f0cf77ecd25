import type { AbortOptions } from '../../lib/abort.ts';

/** An image to create from a container's changes. */
export interface CommitRequest extends AbortOptions {
  /** Name for the image. Without one it is listed as `<none>`. */
  readonly reference?: string;
  readonly author?: string;
  /** Comment in the image's history. */
  readonly message?: string;
  /** Dockerfile instructions for the image's config, such as `CMD ["sh"]`. */
  readonly changes?: readonly string[];
  /** Pauses a running container while its files are copied. Default true. */
  readonly pause?: boolean;
}

/** Phase that a commit has begun: copying files, making the layer, recording the image. */
export interface CommitEvent {
  readonly type: 'copy' | 'layer' | 'image';
}
