import type { ArchiveInput, ArchiveRead } from '../../images/load/archive-input.ts';
import type { LayerProgress } from '../../layer/types.ts';
import type { AbortOptions } from '../../lib/abort.ts';

/** A tar of a whole filesystem, to be imported as an image of one layer. */
export interface ImportRequest extends AbortOptions {
  /** Path of a tar, or its bytes, compressed or not. */
  readonly input: ArchiveInput;
  /** Name for the image. Without one it is listed as `<none>`. */
  readonly reference?: string;
  /** Dockerfile instructions for the image's config, such as `CMD ["sh"]`. */
  readonly changes?: readonly string[];
  /** Comment in the image's history. Default docker's `Imported from -`. */
  readonly message?: string;
  /** `os/architecture[/variant]`. Default this machine's. */
  readonly platform?: string;
}

/** Progress of an import: bytes read from the archive, then bytes unpacked. */
export type ImportEvent = ArchiveRead | ({ readonly type: 'unpack' } & Omit<LayerProgress, 'digest'>);
