/**
 * What `archive/compression` asks of a compressor of gzip members, said again here because floors do not import
 * sideways. Disposal comes after everything asked for has resolved.
 */
export interface MemberCompressor extends Disposable {
  compress(bytes: Uint8Array): Promise<Uint8Array>;
}

export interface MemberCompressorMaker {
  readonly name: string;
  open(level: number): MemberCompressor;
}
