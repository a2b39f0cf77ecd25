import { gunzipSync } from 'node:zlib';
import { StrataError } from '../../errors/index.ts';
import { compressorVector } from './compressor-vector.ts';
import type { MemberCompressorMaker } from './types.ts';

/** Name of Node's own compressor, which always exists. */
const zlibName = 'zlib';
// libdeflate's third or fourth level packs as tightly as zlib's sixth.
const defaults = { zlib: { level: 6, blockBytes: 256 << 10 }, native: { level: 4, blockBytes: 1 << 20 } };

/** Compressor and its settings. Together with the data they determine the compressed bytes. */
export interface GzipParameters {
  /** `zlib`, or the name of a native compressor. Default: the first native one that works, else `zlib`. */
  readonly compressor?: string | undefined;
  /** 0 (stored) to 9. Levels of different compressors do not compare; the default packs about as tightly as zlib's 6. */
  readonly level?: number | undefined;
  /** Uncompressed bytes per block, 64 KiB to 64 MiB. */
  readonly blockBytes?: number | undefined;
}

export interface ChosenGzip {
  readonly compressor: string;
  readonly level: number;
  readonly blockBytes: number;
  /** Native compressor; undefined for Node's zlib. */
  readonly maker: MemberCompressorMaker | undefined;
}

/**
 * Returns the parameters completed by defaults; undefined when the compressor that they name is not available.
 * @throws ERR_COMPRESSION_PARAMETERS
 */
export async function chooseGzip(
  options: GzipParameters,
  native: readonly MemberCompressorMaker[],
): Promise<ChosenGzip | undefined> {
  const { compressor } = options;
  const maker = compressor === zlibName ? undefined : await firstProven(native, compressor);
  if (maker === undefined && compressor !== undefined && compressor !== zlibName) return undefined;
  const { level = 0, blockBytes = 0 } = { ...(maker ? defaults.native : defaults.zlib), ...pickGiven(options) };
  const isBlockSize = Number.isInteger(blockBytes) && blockBytes >= 64 * 1024 && blockBytes <= 64 * 1024 * 1024;
  if (Number.isInteger(level) && level >= 0 && level <= 9 && isBlockSize) {
    return { compressor: maker?.name ?? zlibName, level, blockBytes, maker };
  }
  throw new StrataError({
    code: 'ERR_COMPRESSION_PARAMETERS',
    message: `gzip parameters: level ${level} with blocks of ${blockBytes} bytes is invalid`,
    hint: 'Take a level from 0 to 9 and blocks of 64 KiB to 64 MiB.',
  });
}

const pickGiven = ({ level, blockBytes }: GzipParameters): Pick<GzipParameters, 'level' | 'blockBytes'> => ({
  ...(level === undefined ? {} : { level }),
  ...(blockBytes === undefined ? {} : { blockBytes }),
});

async function firstProven(
  makers: readonly MemberCompressorMaker[],
  name: string | undefined,
): Promise<MemberCompressorMaker | undefined> {
  for (const maker of makers) if ((name === undefined || maker.name === name) && (await isProven(maker))) return maker;
  return undefined;
}

const proven = new Map<MemberCompressorMaker, Promise<boolean>>();

function isProven(maker: MemberCompressorMaker): Promise<boolean> {
  const known = proven.get(maker) ?? prove(maker);
  proven.set(maker, known);
  return known;
}

/** Tests a compressor: true when its library is installed and zlib restores the fixed vector from two members of it. */
async function prove(maker: MemberCompressorMaker): Promise<boolean> {
  const vector = compressorVector();
  try {
    using members = maker.open(defaults.native.level);
    const compressed = await Promise.all([
      members.compress(vector.subarray(0, 100_000)),
      members.compress(vector.subarray(100_000)),
    ]);
    return gunzipSync(Buffer.concat(compressed)).equals(vector);
  } catch {
    // A missing library or a changed interface: zlib is used.
    return false;
  }
}
