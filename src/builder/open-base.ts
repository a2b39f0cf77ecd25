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

/** An image by its name, or nothing at all. */
type ImageSource = Exclude<StageSource, { readonly kind: 'stage' }>;

interface NamedBase extends Pick<NeededStage, 'hintOfUnset' | 'hintOfNoStage'> {
  readonly base: ImageSource;
}

/** What a stage stands on, or copies from. */
export interface Base {
  readonly config: ImageConfig;
  readonly result: FilesystemResult;
}

/** The files of `FROM scratch`. */
export const nothing: FilesystemResult = { identity: 'scratch', snapshotId: undefined, createdAt: 0 };

/**
 * An image of the store, or nothing at all. BuildKit gives a base without PATH docker's default before it reads any
 * instruction, and so does this: `import` makes such images. Throws ERR_IMAGE_NOT_FOUND, ERR_IMAGE_NOT_UNPACKED,
 * ERR_IMAGE_OS.
 */
export async function openBase(
  stage: NamedBase,
  parts: BuildParts,
  platform: Platform,
  signal: AbortSignal,
): Promise<Base> {
  const { config, result } = await find(stage, parts, platform, signal);
  return { config: { ...config, config: withPath(config.config) }, result };
}

function withPath(config: RunConfig): RunConfig {
  const { Env = [] } = config;
  return variablesOf(Env).has('PATH') ? config : { ...config, Env: [...Env, `PATH=${defaultPath}`] };
}

async function find(named: NamedBase, parts: BuildParts, platform: Platform, signal: AbortSignal): Promise<Base> {
  const { base: source } = named;
  if (source.kind === 'scratch') {
    const config: ImageConfig = {
      architecture: platform.architecture,
      os: platform.os,
      ...(platform.variant === undefined ? {} : { variant: platform.variant }),
      // As docker has it for an image that starts from nothing.
      config: { WorkingDir: '/' },
      rootfs: { type: 'layers', diff_ids: [] },
      history: [],
    };
    return { config, result: nothing };
  }
  const { id } = await findBase(parts, source.reference, platform, named);
  const config = await readConfig(parts.store.blobs, id, { signal });
  refuseOtherSystem(source.reference, config);
  const createdAt = config.created === undefined ? 0 : Date.parse(config.created);
  const { lease } = parts.work;
  const snapshot = await findUnpackedSnapshot(parts.store, config, { image: source.reference, lease });
  if (snapshot === undefined) return { config, result: { ...nothing, createdAt } };
  return { config, result: { identity: `chain:${snapshot.chainId}`, snapshotId: snapshot.id, createdAt } };
}

/** What it finds stays as long as the build's lease, also when its names are removed. */
async function findBase(
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
