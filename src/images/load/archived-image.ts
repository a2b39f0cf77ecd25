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
  /** As a manifest names it; docker's archives have none. */
  readonly descriptor: Descriptor | undefined;
}

/** One image as an archive tells of it. */
export interface ArchivedImage {
  /** Digest of the config. */
  readonly id: Digest;
  readonly references: readonly Reference[];
  readonly config: Parsed<ImageConfig>;
  /** From the base up. */
  readonly layers: readonly ArchivedLayer[];
  /** The manifest, and the index that names it where there is one; undefined for docker's archives. */
  readonly documents: { readonly manifest: StoredDocument; readonly target: StoredDocument } | undefined;
}

/** Which platform of several to take. */
export interface PlatformWish {
  readonly platform: Platform;
  /** Asked for by name: nothing else will do. */
  readonly isRequired: boolean;
}
