/** Content of a recorded store, by the output of the version that made it. */
export interface RecordedStore {
  readonly images: readonly string[];
  readonly containers: readonly string[];
  /** Type, number and number in use of each row of `system df`. */
  readonly usage: readonly string[];
  /** Output of the container `exited`. */
  readonly logs: string;
  /** Changes of the container `renamed`. */
  readonly diff: readonly string[];
  /** SHA-256 of each image's archive. */
  readonly saved: Readonly<Record<string, string>>;
}

/** The images whose saved bytes are compared. */
export const savedImages: readonly string[] = ['built:1', 'loaded:1', 'imported:1', 'committed:1'];
