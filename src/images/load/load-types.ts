import type { AbortOptions } from '../../lib/abort.ts';
import type { RecordedImage } from '../record-image.ts';
import type { ArchiveInput, ArchiveRead } from './archive-input.ts';
import type { LoadImagesEvent } from './load-images.ts';

/** An archive of images to load into the store. */
export interface LoadRequest extends AbortOptions {
  /** Path of a file or folder, or the bytes of a tar; compressed or not. */
  readonly input: ArchiveInput;
  /** `os/architecture[/variant]`: the platform to take of an image for several. Default: this machine's. */
  readonly platform?: string;
}

export type LoadEvent = ArchiveRead | LoadImagesEvent;

export interface LoadResult {
  /** In the archive's order. */
  readonly images: readonly RecordedImage[];
}
