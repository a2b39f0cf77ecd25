/** What a recorded store holds, as the version that made it told. */
export interface RecordedStore {
  readonly images: readonly string[];
  readonly containers: readonly string[];
  /** Type, number and how many are used, of all that `system df` tells. */
  readonly usage: readonly string[];
  /** What the container `exited` wrote. */
  readonly logs: string;
  /** Changes of the container `renamed`. */
  readonly diff: readonly string[];
  /** SHA-256 of each image's archive. */
  readonly saved: Readonly<Record<string, string>>;
}

/** The images whose saved bytes are compared. */
export const savedImages: readonly string[] = ['built:1', 'loaded:1', 'imported:1', 'committed:1'];
