import { variablesOf } from '../dockerfile/environment.ts';
import type { StageSource } from '../dockerfile/stages.ts';
import { isStrataError, StrataError } from '../errors/index.ts';
import { type FoundImage, findNamedImage } from '../images/find-image.ts';
import { findUnpackedSnapshot } from '../images/find-unpacked-snapshot.ts';
import { holdImage } from '../images/hold-image.ts';
import { readConfig } from '../images/read-document.ts';
import { refuseOtherSystem } from '../images/refuse-other-system.ts';
import { defaultPath } from '../oci-runtime/environment.ts';
import type { ImageConfig, RunConfig } from '../spec/config.ts';
import type { Platform } from '../spec/platform.ts';
import type { BuildParts } from './build-parts.ts';
import type { NeededStage } from './frontend/read-target.ts';
import type { FilesystemResult } from './ops/filesystem-result.ts';

/** An image by name, or scratch. */
type ImageSource = Exclude<StageSource, { readonly kind: 'stage' }>;

interface NamedBase extends Pick<NeededStage, 'hintOfUnset' | 'hintOfNoStage'> {
  readonly base: ImageSource;
}

/** Config and files of the base of a stage, or of the source of a COPY. */
export interface Base {
  readonly config: ImageConfig;
  readonly result: FilesystemResult;
}

/** Result without files: `FROM scratch`. */
export const scratchResult: FilesystemResult = { identity: 'scratch', snapshotId: undefined, createdAt: 0 };

/**
 * Opens an image of the store, or scratch. As in BuildKit, a base without PATH gets docker's default before any
 * instruction is read: `import` makes such images. Throws ERR_IMAGE_NOT_FOUND, ERR_IMAGE_NOT_UNPACKED, ERR_IMAGE_OS.
 */
export async function openBase(
  stage: NamedBase,
  parts: BuildParts,
  platform: Platform,
  signal: AbortSignal,
): Promise<Base> {
  const { config, result } = await readBase(stage, parts, platform, signal);
  return { config: { ...config, config: withPath(config.config) }, result };
}

function withPath(config: RunConfig): RunConfig {
  const { Env = [] } = config;
  return variablesOf(Env).has('PATH') ? config : { ...config, Env: [...Env, `PATH=${defaultPath}`] };
}

async function readBase(named: NamedBase, parts: BuildParts, platform: Platform, signal: AbortSignal): Promise<Base> {
  const { base: source } = named;
  if (source.kind === 'scratch') {
    const config: ImageConfig = {
      architecture: platform.architecture,
      os: platform.os,
      ...(platform.variant === undefined ? {} : { variant: platform.variant }),
      // Docker's config of an image from scratch.
      config: { WorkingDir: '/' },
      rootfs: { type: 'layers', diff_ids: [] },
      history: [],
    };
    return { config, result: scratchResult };
  }
  const { id } = await findBaseImage(parts, source.reference, platform, named);
  const config = await readConfig(parts.store.blobs, id, { signal });
  refuseOtherSystem(source.reference, config);
  const createdAt = config.created === undefined ? 0 : Date.parse(config.created);
  const { lease } = parts.work;
  const snapshot = await findUnpackedSnapshot(parts.store, config, { image: source.reference, lease });
  if (snapshot === undefined) return { config, result: { ...scratchResult, createdAt } };
  return { config, result: { identity: `chain:${snapshot.chainId}`, snapshotId: snapshot.id, createdAt } };
}

/** Finds a base image and keeps it as long as the build's lease, also when its names are removed. */
async function findBaseImage(
  { store, work }: BuildParts,
  reference: string,
  platform: Platform,
  { hintOfUnset, hintOfNoStage }: NamedBase,
): Promise<FoundImage> {
  try {
    return await holdImage(work.lease, () => findNamedImage(store.metadata, reference, platform));
  } catch (error) {
    if (isStrataError(error, 'ERR_REFERENCE_INVALID')) {
      const hint = hintOfUnset ?? hintOfNoStage ?? error.hint;
      throw new StrataError({
        code: 'ERR_REFERENCE_INVALID',
        message: `failed to parse stage name ${JSON.stringify(reference)}: ${error.message}`,
        ...(hint === undefined ? {} : { hint }),
        cause: error,
      });
    }
    if (!isStrataError(error, 'ERR_IMAGE_NOT_FOUND')) throw error;
  }
  throw new StrataError({
    code: 'ERR_IMAGE_NOT_FOUND',
    message: `image ${reference}: not found locally`,
    hint: [...(hintOfNoStage === undefined ? [] : [hintOfNoStage]), hintOfNoImage(reference)].join(' '),
  });
}

const hintOfNoImage = (reference: string): string =>
  /^(?:sha256:)?[0-9a-f]{1,63}$/.test(reference)
    ? 'Load, import or build the image first. FROM does not take the beginning of an image ID: give that image a name.'
    : 'Load, import or build the image first: images are not pulled from registries yet.';
