/** Random numbers from a seed, so that a failed run can be repeated. */
export interface Random {
  /** Returns a whole number of 0 … limit-1. */
  next(limit: number): number;
  /** Returns one of the items. */
  pick<T>(items: readonly T[]): T;
  /** Returns bytes that depend on the seed and on the calls before. */
  bytes(length: number): Uint8Array;
}

/** Creates a mulberry32 generator: 32 bits of state, good enough to choose a fault. */
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
 * Returns the seed of a run: `STRATA_SEED` to repeat one, else a constant, so that no unrelated test fails by chance. A
 * soak takes a new seed each time and prints it when it fails.
 */
export const runSeed = (): number =>
  Number(process.env['STRATA_SEED'] ?? (isSoak ? Math.floor(Math.random() * 2 ** 31) : 20_260_101));
