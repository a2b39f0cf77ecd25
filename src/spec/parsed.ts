/** A document beside the exact bytes it came in: digests are over bytes and never over what was parsed. */
export interface Parsed<Value> {
  readonly bytes: Uint8Array;
  readonly value: Value;
}

/**
 * How strictly a document is read. `schema`: as OCI's JSON schemas say, which let digests of unknown algorithms
 * pass. `engine`: what can be verified and run, which also takes what widespread tools write against the schema.
 */
export type Rules = 'schema' | 'engine';
