/** A parsed document and its exact bytes: digests are over the bytes, never over the parsed value. */
export interface Parsed<Value> {
  readonly bytes: Uint8Array;
  readonly value: Value;
}

/**
 * Strictness of a parser. `schema` follows OCI's JSON schemas, which let digests of unknown algorithms pass. `engine`
 * accepts documents that can be verified and run, also those that widespread tools write against the schema.
 */
export type Rules = 'schema' | 'engine';
