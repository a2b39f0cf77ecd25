/** A chunk of a container's output; with a terminal all of it is standard output. */
export interface OutputChunk {
  readonly stream: 'stdout' | 'stderr';
  readonly chunk: Uint8Array;
}
