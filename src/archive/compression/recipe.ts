import { createHash } from 'node:crypto';
import { StrataError } from '../../errors/index.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import { invariant } from '../../lib/invariant.ts';
import { compressGzip } from './compress-gzip.ts';
import { compressZstd, type ZstdParameters, zstdLevel } from './compress-zstd.ts';
import { compressorVector } from './compressor-vector.ts';
import { type ChosenGzip, chooseGzip, type GzipParameters } from './gzip-parameters.ts';
import type { CompressionRecipe, MemberCompressorMaker } from './types.ts';

const probeBlockBytes = 64 * 1024;

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void> {
  yield bytes;
}

async function digestOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of chunks) hash.update(chunk);
  return hash.digest('hex').slice(0, 32);
}

const fingerprints = new Map<string, Promise<string>>();

function fingerprint(key: string, compress: () => AsyncIterable<Uint8Array>): Promise<string> {
  const known = fingerprints.get(key) ?? digestOf(compress());
  fingerprints.set(key, known);
  return known;
}

function gzipFingerprint({ compressor, level, maker }: ChosenGzip): Promise<string> {
  const native = maker === undefined ? [] : [maker];
  return fingerprint(`gzip ${compressor} ${level}`, () =>
    compressGzip(once(compressorVector()), { compressor, level, blockBytes: probeBlockBytes, native }),
  );
}

const zstdFingerprint = (level: number): Promise<string> =>
  fingerprint(`zstd ${level}`, () => compressZstd(once(compressorVector()), { level }));

/**
 * Returns the recipe to keep for a blob that {@link compressGzip} now makes with the same parameters and the same `native`.
 * @throws ERR_COMPRESSION_PARAMETERS
 */
export async function gzipRecipe(
  parameters: GzipParameters = {},
  native: readonly MemberCompressorMaker[] = [],
): Promise<CompressionRecipe> {
  const chosen = await chooseGzip(parameters, native);
  invariant(chosen, 'a recipe is asked for after the compressor was used');
  const { compressor, level, blockBytes } = chosen;
  return { codec: 'gzip', compressor, level, blockBytes, fingerprint: await gzipFingerprint(chosen) };
}

/** Returns the recipe to keep for a blob of `compressZstd`; see {@link gzipRecipe}. */
export async function zstdRecipe(parameters: ZstdParameters = {}): Promise<CompressionRecipe> {
  const level = zstdLevel(parameters);
  return { codec: 'zstd', level, fingerprint: await zstdFingerprint(level) };
}

/** True when {@link remake} can repeat the recipe's blob with the compressors of this machine. */
export async function canRemake(
  recipe: CompressionRecipe,
  native: readonly MemberCompressorMaker[] = [],
): Promise<boolean> {
  return recipe.fingerprint === (await fingerprintHere(recipe, native));
}

/** Returns the fingerprint of the recipe's compressor on this machine; undefined when it is not available. */
async function fingerprintHere(
  recipe: CompressionRecipe,
  native: readonly MemberCompressorMaker[],
): Promise<string | undefined> {
  if (recipe.codec === 'zstd') return zstdFingerprint(recipe.level);
  const chosen = await chooseGzip(recipe, native);
  return chosen && gzipFingerprint(chosen);
}

export interface RemakeOptions extends AbortOptions {
  readonly native?: readonly MemberCompressorMaker[] | undefined;
  readonly concurrency?: number | undefined;
}

/**
 * Compresses `source` into the same bytes as the recipe's blob. The caller still compares the digest.
 * @throws ERR_COMPRESSION_RECIPE before anything is read, when this machine has another version of the compressor
 */
export async function* remake(
  source: AsyncIterable<Uint8Array>,
  recipe: CompressionRecipe,
  options: RemakeOptions = {},
): AsyncGenerator<Uint8Array, void> {
  const here = await fingerprintHere(recipe, options.native ?? []);
  if (recipe.fingerprint !== here) {
    throw new StrataError({
      code: 'ERR_COMPRESSION_RECIPE',
      message: `${recipe.codec} blob: was made by a compressor that gives other bytes than the one on this machine`,
      hint: 'Compress the layer anew and give it a new manifest, or fetch the blob from a registry that has it.',
      details: { recorded: recipe.fingerprint, here: here ?? 'none' },
    });
  }
  yield* recipe.codec === 'gzip'
    ? compressGzip(source, { ...recipe, ...options })
    : compressZstd(source, { ...recipe, ...options });
}
