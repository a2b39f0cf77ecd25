export type OutputStream = 'stdout' | 'stderr';

/**
 * Receives output of a step: whole lines as bytes, each with its line end, except perhaps the last line of all and a
 * very long one. `taken` is to be called once the lines are read.
 */
export type Log = (stream: OutputStream, lines: Uint8Array, taken?: () => void) => void;
