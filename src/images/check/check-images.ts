import type { BlobProvider } from '../../content/types.ts';
import { isStrataError } from '../../errors/index.ts';
import { chainIds } from '../../layer/chain-id.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import type { Metadata } from '../../metadata/metadata.ts';
import type { Digest } from '../../spec/digest.ts';
import { readFault } from '../../sys/read-fault.ts';
import { readConfig } from '../read-image.ts';
import { confirm } from './confirm.ts';
import type { Damage, Hold, Report } from './types.ts';

export interface ImageParts {
  readonly metadata: Metadata;
  readonly content: BlobProvider;
  /** Whether a snapshot with the files of the whole image stands for the driver in use. */
  readonly isUnpacked: (imageId: Digest) => boolean;
  readonly hold: Hold;
}

/** Whether names lead to images, images to their configs, layers and files, and configs to the layers recorded. */
export async function checkImages(parts: ImageParts, report: Report, options: AbortOptions): Promise<Damage[]> {
  const { metadata, hold } = parts;
  const damages: Damage[] = [];
  for (const { digest } of metadata.targets.list()) {
    const problem = metadata.db.read(() => targetProblem(metadata, digest));
    const damaged = problem !== undefined;
    if (damaged) damages.push({ kind: 'target', key: digest, problem });
    report({ kind: 'target', key: digest, damaged });
  }
  for (const { id } of metadata.images.list()) {
    const image = { kind: 'image', key: id } as const;
    const problems = await confirm(image, hold, () => imageProblems(parts, id, options));
    damages.push(...problems.map((problem) => ({ ...image, problem })));
    report({ ...image, damaged: problems.length > 0 });
  }
  return damages;
}

function targetProblem({ objects, targets, images }: Metadata, digest: Digest): string | undefined {
  if (targets.get(digest) === undefined) return undefined;
  if (!objects.isPresent('blob', digest)) return 'its document is not recorded';
  const named = targets.imagesOf(digest);
  // Of an index only the platforms that were wanted are here.
  const isDangling = named.length > 0 && !named.some(({ imageId }) => images.get(imageId));
  return isDangling ? 'none of its images is recorded' : undefined;
}

async function imageProblems(
  { metadata, content, isUnpacked }: ImageParts,
  id: Digest,
  options: AbortOptions,
): Promise<string[]> {
  const recorded = metadata.images.layersOf(id);
  const problems = recorded
    .filter(({ diffId }) => metadata.layers.get(diffId) === undefined)
    .map(({ diffId }) => `its layer ${diffId} is not recorded`);
  if (recorded.length > 0 && !isUnpacked(id)) problems.push('its files are not unpacked for this storage driver');
  try {
    const { rootfs } = await readConfig(content, id, options);
    const chains = chainIds(rootfs.diff_ids);
    const isSame =
      chains.length === recorded.length && recorded.every(({ chainId }, position) => chainId === chains[position]);
    if (!isSame) problems.push('its config names other layers than recorded');
  } catch (error) {
    if (isStrataError(error, 'ERR_BLOB_NOT_FOUND')) problems.push('its config is missing');
    else if (isStrataError(error)) problems.push(`its config cannot be read: ${error.message}`);
    else problems.push(`its config ${readFault(error)}`);
  }
  return problems;
}
