/** Whole numbers from a seed, so that a failed run can be repeated: `next(n)` is one of 0 … n-1. */
export interface Random {
  next(limit: number): number;
  /** One of the items. */
  pick<T>(items: readonly T[]): T;
  /** Bytes that only the seed and the position decide. */
  bytes(length: number): Uint8Array;
}

/** The mulberry32 generator: 32 bits of state, good enough for choosing what to break. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next32 = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const next = (limit: number): number => next32() % limit;
  return {
    next,
    pick: (items) => items[next(items.length)]!,
    bytes: (length) => {
      const bytes = new Uint8Array(length);
      for (let i = 0; i < length; i++) bytes[i] = next32();
      return bytes;
    },
  };
}

/** True for `npm run soak`: full figures instead of a sample. */
export const isSoak: boolean = process.env['STRATA_SOAK'] === '1';

/**
 * `STRATA_SEED` to repeat a run. Else always the same, so that who changes one thing is not told of another by chance; a soak
 * has another one each time, and prints it when it fails.
 */
export const runSeed = (): number =>
  Number(process.env['STRATA_SEED'] ?? (isSoak ? Math.floor(Math.random() * 2 ** 31) : 20_260_101));
