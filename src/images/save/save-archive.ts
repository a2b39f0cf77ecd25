import type { Conduct } from '../../lib/report.ts';
import { parsePlatform } from '../../spec/platform.ts';
import type { Store } from '../../store/store.ts';
import { hostPlatform } from '../../sys/host-platform.ts';
import { toCaller } from '../caller-streams.ts';
import type { WriteBytes } from './archive-writer.ts';
import { chooseImages } from './choose-images.ts';
import { checkOutput, intoFile } from './output-file.ts';
import type { SaveEvent, SaveRequest, SaveResult } from './save-types.ts';
import { readSavedImage, type SavedImage } from './saved-image.ts';
import { writeArchive } from './write-archive.ts';

/** Writes images into one archive, under one lease, so that nothing it reads is removed meanwhile. */
export async function saveArchive(
  store: Store,
  request: SaveRequest,
  { report, signal }: Conduct<SaveEvent>,
): Promise<SaveResult> {
  const { format = 'docker-archive', output } = request;
  if (typeof output === 'string') checkOutput(output, 'save image');
  const platform = request.platform === undefined ? hostPlatform() : parsePlatform(request.platform, hostPlatform());
  await using lease = store.metadata.leases.openToRead('save');
  // A piece written to a file may be written over afterwards; what a caller is handed may be kept.
  const source = { store, lease, lent: typeof output === 'string' };
  const images: SavedImage[] = [];
  const asTars = format === 'docker-archive';
  const choice = { platform, isRequired: request.platform !== undefined, lease, perManifest: !asTars };
  for (const chosen of chooseImages(store.metadata, request.images, choice)) {
    images.push(await readSavedImage(chosen, source, { signal, asTars }));
  }
  let sizeBytes = 0;
  const archive = async (to: WriteBytes): Promise<void> => {
    const write: WriteBytes = async (chunk) => {
      sizeBytes += chunk.length;
      await to(chunk);
    };
    await writeArchive(images, source, { format, write, report, signal });
  };
  if (typeof output === 'string') await intoFile(output, archive);
  else await archive(toCaller(output));
  return { sizeBytes };
}
