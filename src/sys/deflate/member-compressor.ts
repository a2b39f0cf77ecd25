/**
 * Compressor of gzip members. The same interface as in `archive/compression/types.ts`, which explains it: `archive` and `sys` are
 * siblings and do not import each other. Dispose only after all calls have resolved.
 */
export interface MemberCompressor extends Disposable {
  compress(bytes: Uint8Array): Promise<Uint8Array>;
}

/** Opens a {@link MemberCompressor}; throws when its library is absent or its interface has changed. */
export interface MemberCompressorMaker {
  readonly name: string;
  open(level: number): MemberCompressor;
}
