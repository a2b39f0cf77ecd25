import type { ArchiveInput, ArchiveRead } from '../../images/load/archive-input.ts';
import type { LayerProgress } from '../../layer/types.ts';
import type { AbortOptions } from '../../lib/abort.ts';

/** A tar of a whole filesystem that is to become an image of one layer. */
export interface ImportRequest extends AbortOptions {
  /** Path of a tar, or its bytes; compressed or not. */
  readonly input: ArchiveInput;
  /** A name for the image; without one it stays as `<none>`. */
  readonly reference?: string;
  /** Dockerfile instructions for its config, such as `CMD ["sh"]`. */
  readonly changes?: readonly string[];
  /** What the history says of it; default docker's `Imported from -`. */
  readonly message?: string;
  /** `os/architecture[/variant]`, default this machine's. */
  readonly platform?: string;
}

export type ImportEvent = ArchiveRead | ({ readonly type: 'unpack' } & Omit<LayerProgress, 'digest'>);
