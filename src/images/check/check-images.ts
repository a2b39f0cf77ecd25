import type { BlobProvider } from '../../content/types.ts';
import { isStrataError } from '../../errors/index.ts';
import { chainIds } from '../../layer/chain-id.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import type { Reporter } from '../../lib/work-control.ts';
import type { Metadata } from '../../metadata/metadata.ts';
import type { Descriptor } from '../../spec/descriptor.ts';
import type { Digest } from '../../spec/digest.ts';
import { maxManifestBytes } from '../../spec/limits.ts';
import { describeReadFault } from '../../sys/describe-read-fault.ts';
import { readConfig, readDocument } from '../read-document.ts';
import { walk } from '../walk.ts';
import { confirm } from './confirm.ts';
import type { Checked, Damage, Hold } from './types.ts';

export interface ImageCheckInput {
  readonly metadata: Metadata;
  readonly content: BlobProvider;
  /** Returns the storage drivers that have a snapshot with all files of the image. */
  readonly driversOf: (imageId: Digest) => readonly string[];
  readonly hold: Hold;
}

/** Checks that names lead to images, images to their configs, layers and files, and configs to the recorded layers. */
export async function checkImages(
  input: ImageCheckInput,
  report: Reporter<Checked>,
  options: AbortOptions,
): Promise<Damage[]> {
  const { metadata, hold } = input;
  const damages: Damage[] = [];
  for (const { digest } of metadata.targets.list()) {
    const target = { kind: 'target', key: digest } as const;
    const problems = await confirm(target, hold, () => targetProblems(input, digest, options));
    damages.push(...problems.map((problem) => ({ ...target, problem })));
    report({ ...target, damaged: problems.length > 0 });
  }
  for (const { id } of metadata.images.list()) {
    const image = { kind: 'image', key: id } as const;
    const problems = await confirm(image, hold, () => imageProblems(input, id, options));
    damages.push(...problems.map((problem) => ({ ...image, problem })));
    report({ ...image, damaged: problems.length > 0 });
  }
  return damages;
}

async function targetProblems(
  { metadata, content }: ImageCheckInput,
  digest: Digest,
  options: AbortOptions,
): Promise<string[]> {
  const { objects, targets, images } = metadata;
  const target = targets.get(digest);
  if (target === undefined) return [];
  if (!objects.isPresent('blob', digest)) return ['its document is not recorded'];
  const named = targets.imagesOf(digest);
  // An index may have images for only some of its platforms.
  if (named.length > 0 && !named.some(({ imageId }) => images.get(imageId))) return ['none of its images is recorded'];
  const { mediaType, sizeBytes: size } = target;
  const read = async (descriptor: Descriptor): Promise<Uint8Array | undefined> =>
    objects.isPresent('blob', descriptor.digest)
      ? await readDocument(content, descriptor.digest, maxManifestBytes, options)
      : undefined;
  const configs = new Set<Digest>();
  try {
    for await (const { kind, descriptor } of walk({ mediaType, digest, size }, { read }))
      if (kind === 'config') configs.add(descriptor.digest);
  } catch (error) {
    // The check of blobs reports documents that cannot be read.
    if (isStrataError(error)) return [];
    describeReadFault(error);
    return [];
  }
  return named
    .filter(({ imageId, manifest }) => objects.isPresent('blob', manifest) && !configs.has(imageId))
    .map(({ imageId }) => `its documents do not lead to its image ${imageId}`);
}

async function imageProblems(
  { metadata, content, driversOf }: ImageCheckInput,
  id: Digest,
  options: AbortOptions,
): Promise<string[]> {
  const recorded = metadata.images.layersOf(id);
  const problems = recorded
    .filter(({ diffId }) => metadata.layers.get(diffId) === undefined)
    .map(({ diffId }) => `its layer ${diffId} is not recorded`);
  if (recorded.length > 0 && driversOf(id).length === 0) problems.push('its files are not unpacked');
  try {
    const { rootfs } = await readConfig(content, id, options);
    const chains = chainIds(rootfs.diff_ids);
    const isSame =
      chains.length === recorded.length && recorded.every(({ chainId }, position) => chainId === chains[position]);
    if (!isSame) problems.push('its config names other layers than recorded');
  } catch (error) {
    if (isStrataError(error, 'ERR_BLOB_NOT_FOUND')) problems.push('its config is missing');
    else if (isStrataError(error)) problems.push(`its config cannot be read: ${error.message}`);
    else problems.push(`its config ${describeReadFault(error)}`);
  }
  return problems;
}
