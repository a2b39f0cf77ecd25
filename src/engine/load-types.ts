import type { LoadedImage, LoadImagesEvent } from '../images/load/load-images.ts';
import type { AbortOptions } from '../lib/abort.ts';

/** An archive of images to be taken into the store. */
export interface LoadRequest extends AbortOptions {
  /** Path of a file or folder, or the bytes of a tar; compressed or not. */
  readonly input: string | AsyncIterable<Uint8Array>;
  /** `os/architecture[/variant]`: the one to take of images for several, default this machine's. */
  readonly platform?: string;
}

export type LoadEvent =
  /** Bytes of the archive read so far, and how many there are, if that is known. */
  | { readonly type: 'archive'; readonly offset: number; readonly total: number | undefined }
  | { readonly type: 'warning'; readonly text: string }
  | LoadImagesEvent;

export interface LoadResult {
  /** In the archive's order. */
  readonly images: readonly LoadedImage[];
}
