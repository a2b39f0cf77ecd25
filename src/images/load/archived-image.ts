import type { Reference } from '../../reference/index.ts';
import type { ImageConfig } from '../../spec/config.ts';
import type { Descriptor } from '../../spec/descriptor.ts';
import type { DiffId, Digest } from '../../spec/digest.ts';
import type { Parsed } from '../../spec/parsed.ts';
import type { Platform } from '../../spec/platform.ts';
import type { StoredDocument } from '../assemble-image.ts';
import type { ArchiveFile } from './archive-files.ts';

export interface ArchivedLayer {
  readonly diffId: DiffId;
  /** Its name in the archive, for messages. */
  readonly name: string;
  readonly file: ArchiveFile | undefined;
  /** The manifest's descriptor; docker's archives have none. */
  readonly descriptor: Descriptor | undefined;
}

/** One image as an archive describes it. */
export interface ArchivedImage {
  /** Digest of the config. */
  readonly id: Digest;
  readonly references: readonly Reference[];
  readonly config: Parsed<ImageConfig>;
  /** From the base up. */
  readonly layers: readonly ArchivedLayer[];
  /** The manifest, and the index that names it, if any; undefined for docker's archives. */
  readonly documents: { readonly manifest: StoredDocument; readonly target: StoredDocument } | undefined;
}

/** The platform to take from an image for several. */
export interface RequestedPlatform {
  readonly platform: Platform;
  /** True when the user named it, so that no other platform may take its place. */
  readonly isRequired: boolean;
}
