import { checkChoice } from '../../errors/option.ts';
import type { WorkControl } from '../../lib/work-control.ts';
import { recordBestEffort } from '../../metadata/record-best-effort.ts';
import { parsePlatform } from '../../spec/platform.ts';
import type { Store } from '../../store/store.ts';
import { hostPlatform } from '../../sys/host-platform.ts';
import { markOutputFailures } from '../caller-failures.ts';
import { isOfTars } from '../image/image-of-tars.ts';
import { StoredImage } from '../image/stored-image.ts';
import { addImageEvent } from '../image-event.ts';
import type { WriteBytes } from './archive-writer.ts';
import { chooseImages } from './choose-images.ts';
import { checkOutputPath, writeOutputFile } from './output-file.ts';
import type { SaveRequest, SaveResult } from './save-types.ts';
import { type ImageToWrite, type SaveEvent, writeArchive } from './write-archive.ts';

/** Writes images into one archive, under one lease, so that nothing it reads is removed meanwhile. */
export async function saveArchive(
  store: Store,
  request: SaveRequest,
  { report, signal }: WorkControl<SaveEvent>,
): Promise<SaveResult> {
  const { format = 'docker-archive', output } = request;
  checkChoice('format', format, ['docker-archive', 'oci-archive']);
  if (typeof output === 'string') checkOutputPath(output, 'save image');
  const platform = request.platform === undefined ? hostPlatform() : parsePlatform(request.platform, hostPlatform());
  await using lease = await store.metadata.leases.openToRead('save', { signal });
  const images: ImageToWrite[] = [];
  const asTars = format === 'docker-archive';
  const choice = { platform, isRequired: request.platform !== undefined, lease, perManifest: !asTars };
  for (const { id, manifest, references } of await chooseImages(store.metadata, request.images, choice)) {
    const own = new StoredImage(store, { id, manifest, lease });
    // Docker's form has no compressed layers.
    const image =
      asTars && !(await isOfTars(own, { signal })) ? new StoredImage(store, { id, manifest: undefined, lease }) : own;
    images.push({ image, references });
  }
  let sizeBytes = 0;
  const archive = async (to: WriteBytes): Promise<void> => {
    const write: WriteBytes = async (chunk) => {
      sizeBytes += chunk.length;
      await to(chunk);
    };
    // Chunks written to a file may be reused afterwards; a caller may keep those it receives.
    await writeArchive(images, { format, write, report, signal, reuseBuffer: typeof output === 'string' });
  };
  if (typeof output === 'string') await writeOutputFile(output, archive);
  else await archive(markOutputFailures(output));
  await recordBestEffort(store.metadata, () => {
    for (const { image } of images) addImageEvent(store.metadata, image.id, 'save', image.id);
  });
  return { sizeBytes };
}
