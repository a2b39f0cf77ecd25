export type OutputStream = 'stdout' | 'stderr';

/**
 * Takes what a step writes: whole lines as bytes, each with its line end, except perhaps the last line of all and a very
 * long one. `taken` is called once somebody has read them.
 */
export type Log = (stream: OutputStream, lines: Uint8Array, taken?: () => void) => void;
