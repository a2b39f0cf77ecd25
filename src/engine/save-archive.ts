import { randomBytes } from 'node:crypto';
import { rmSync, type Stats, statSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { diskFailure } from '../content/disk-failure.ts';
import { StrataError } from '../errors/index.ts';
import type { ImageStore } from '../images/record-image.ts';
import type { WriteBytes } from '../images/save/archive-writer.ts';
import { chooseImages } from '../images/save/choose-images.ts';
import { readSavedImage, type SavedImage } from '../images/save/saved-image.ts';
import { writeArchive } from '../images/save/write-archive.ts';
import type { StoreLease } from '../metadata/leases.ts';
import { parsePlatform } from '../spec/platform.ts';
import { errnoOf } from '../sys/errno.ts';
import type { GarbageParts } from './garbage.ts';
import type { SaveEvent, SaveRequest, SaveResult } from './save-types.ts';
import { hostPlatform } from './versions.ts';

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
  if (typeof output === 'string') checkOutput(output);
  const platform = request.platform === undefined ? hostPlatform() : parsePlatform(request.platform, hostPlatform());
  await using lease = metadata.leases.open('save');
  const store = storeFor(lease);
  const { content } = store;
  const images: SavedImage[] = [];
  const asTars = format === 'docker-archive';
  for (const chosen of chooseImages(store, request.images, { platform, lease, perManifest: !asTars })) {
    images.push(await readSavedImage(chosen, content, metadata.layers, { signal, asTars }));
  }
  const parts = { content, metadata, snapshotter: driver.snapshotter, indexes: layout.indexes, lease };
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

/** Throws ERR_OUTPUT_INVALID in docker's words. */
function checkOutput(path: string): void {
  if (statOf(dirname(path))?.isDirectory() !== true) {
    throw invalidOutput(`directory "${dirname(path)}" does not exist`);
  }
  const standing = statOf(path);
  if (standing !== undefined && !standing.isFile()) throw invalidOutput(`"${path}" must be a regular file`);
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}

const invalidOutput = (reason: string): StrataError =>
  new StrataError({
    kind: 'invalid-argument',
    code: 'ERR_OUTPUT_INVALID',
    message: `failed to save image: invalid output path: ${reason}`,
  });

/** The file appears when it is whole; nothing stays of one that is not. */
async function intoFile(path: string, archive: (write: WriteBytes) => Promise<void>): Promise<void> {
  const temporary = join(dirname(path), `.strata-save-${randomBytes(6).toString('hex')}`);
  try {
    await using file = await open(temporary, 'wx', 0o600);
    await archive(async (chunk) => {
      for (let done = 0; done < chunk.length; ) done += (await file.write(chunk, done)).bytesWritten;
    });
    await rename(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw diskFailure(error, dirname(path));
  }
}
