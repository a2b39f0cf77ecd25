import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { StrataError } from '../../errors/index.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import { compressGzip, type GzipParameters, gzipParameters } from './compress-gzip.ts';
import { compressZstd, type ZstdParameters, zstdLevel } from './compress-zstd.ts';
import type { CompressionRecipe } from './types.ts';

const vectorBytes = 192 * 1024;
const probeBlockBytes = 64 * 1024;

/**
 * A fixed input that makes a compressor decide: text of a growing vocabulary, runs, binary records that repeat at
 * shifting distances, noise. Three blocks of it, so dictionaries take part.
 */
function vector(): Uint8Array {
  const bytes = Buffer.alloc(vectorBytes);
  let state = 0x2545f491;
  const random = (below: number): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
  for (let at = 0; at < vectorBytes; ) {
    const length = Math.min(1 + random(96), vectorBytes - at);
    const kind = random(4);
    const back = 1 + random(Math.min(Math.max(at, 1), 60_000));
    for (let i = 0; i < length; i++, at++) {
      if (kind === 0) bytes[at] = 0x61 + random(1 + (at >> 13));
      else if (kind === 1) bytes[at] = length;
      else if (kind === 2 && at >= back) bytes[at] = bytes[at - back] ?? 0;
      else bytes[at] = random(256);
    }
  }
  return bytes;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void> {
  yield bytes;
}

async function digestOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of chunks) hash.update(chunk);
  return hash.digest('hex').slice(0, 32);
}

const fingerprints = new Map<string, Promise<string>>();

function fingerprint(codec: 'gzip' | 'zstd', level: number): Promise<string> {
  const key = `${codec} ${level}`;
  const known =
    fingerprints.get(key) ??
    digestOf(
      codec === 'gzip'
        ? compressGzip(once(vector()), { level, blockBytes: probeBlockBytes })
        : compressZstd(once(vector()), { level }),
    );
  fingerprints.set(key, known);
  return known;
}

/** What to keep beside a blob made now with these parameters, so that it can be made again. */
export async function gzipRecipe(parameters: GzipParameters = {}): Promise<CompressionRecipe> {
  const { level, blockBytes } = gzipParameters(parameters);
  return { codec: 'gzip', level, blockBytes, fingerprint: await fingerprint('gzip', level) };
}

/** See {@link gzipRecipe}. */
export async function zstdRecipe(parameters: ZstdParameters = {}): Promise<CompressionRecipe> {
  const level = zstdLevel(parameters);
  return { codec: 'zstd', level, fingerprint: await fingerprint('zstd', level) };
}

/** Whether the compressor at hand is the one that made the recipe's blob. */
export async function canRemake(recipe: CompressionRecipe): Promise<boolean> {
  return recipe.fingerprint === (await fingerprint(recipe.codec, recipe.level));
}

/**
 * Compresses `source` into the very bytes the recipe's blob had; the caller still compares the digest.
 * @throws ERR_COMPRESSION_RECIPE before anything is read when the compressor at hand is another one
 */
export async function* remake(
  source: AsyncIterable<Uint8Array>,
  recipe: CompressionRecipe,
  options: AbortOptions & { readonly concurrency?: number } = {},
): AsyncGenerator<Uint8Array, void> {
  if (!(await canRemake(recipe))) {
    throw new StrataError({
      kind: 'failed-precondition',
      code: 'ERR_COMPRESSION_RECIPE',
      message: `${recipe.codec} blob: was made by a compressor that gives other bytes than this one`,
      hint: 'Compress the layer anew and give it a new manifest, or fetch the blob from a registry that has it.',
      details: { recorded: recipe.fingerprint, here: await fingerprint(recipe.codec, recipe.level) },
    });
  }
  yield* recipe.codec === 'gzip'
    ? compressGzip(source, { ...recipe, ...options })
    : compressZstd(source, { ...recipe, ...options });
}
