/** Milliseconds of a clock that nobody sets. Not performance.now(), whose module takes two milliseconds to load. */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6;
