import type { ImageStore } from '../../images/record-image.ts';
import type { WriteBytes } from '../../images/save/archive-writer.ts';
import { chooseImages } from '../../images/save/choose-images.ts';
import { readSavedImage, type SavedImage } from '../../images/save/saved-image.ts';
import { writeArchive } from '../../images/save/write-archive.ts';
import type { StoreLease } from '../../metadata/leases.ts';
import { parsePlatform } from '../../spec/platform.ts';
import type { GarbageParts } from '../garbage.ts';
import { checkOutput, intoFile } from '../output-file.ts';
import { hostPlatform } from '../versions.ts';
import type { SaveEvent, SaveRequest, SaveResult } from './save-types.ts';

export interface SaveParts {
  readonly garbage: GarbageParts;
  readonly storeFor: (lease: StoreLease) => ImageStore;
}

/** Saves under one lease, so that nothing it reads is removed meanwhile. */
export async function saveArchive(
  request: SaveRequest,
  { garbage: { metadata, driver, layout }, storeFor }: SaveParts,
  report: (event: SaveEvent) => void,
  signal: AbortSignal,
): Promise<SaveResult> {
  const { format = 'docker-archive', output } = request;
  if (typeof output === 'string') checkOutput(output, 'save image');
  const platform = request.platform === undefined ? hostPlatform() : parsePlatform(request.platform, hostPlatform());
  await using lease = metadata.leases.openToRead('save');
  const store = storeFor(lease);
  const { content } = store;
  const parts = {
    content,
    metadata,
    snapshotter: driver.snapshotter,
    indexes: layout.indexes,
    lease,
    // Whoever takes the bytes may keep them, a file does not.
    lent: typeof output === 'string',
  };
  const images: SavedImage[] = [];
  const asTars = format === 'docker-archive';
  const choice = { platform, isRequired: request.platform !== undefined, lease, perManifest: !asTars };
  for (const chosen of chooseImages(store, request.images, choice)) {
    images.push(await readSavedImage(chosen, parts, { signal, asTars }));
  }
  let sizeBytes = 0;
  const archive = async (to: WriteBytes): Promise<void> => {
    const write: WriteBytes = async (chunk) => {
      sizeBytes += chunk.length;
      await to(chunk);
    };
    await writeArchive(images, parts, { format, write, report, signal });
  };
  if (typeof output === 'string') await intoFile(output, archive);
  else await archive(output);
  return { sizeBytes };
}
