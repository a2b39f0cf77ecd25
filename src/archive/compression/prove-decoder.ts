import { Buffer } from 'node:buffer';
import { crc32 } from 'node:zlib';
import { isStrataError } from '../../errors/index.ts';
import { GzipInflater, ZstdInflater } from './inflaters.ts';
import type { DecoderMaker, Inflater } from './types.ts';

// Two members with optional header fields and dynamic, fixed and stored blocks, and a run of 300,000 bytes that overflows
// every output buffer. The zstd vector has the same text in two frames, one with a checksum, one without its size.
const gzipVector = [
  'H4sIGAAAAAACA3Byb29mLnRhcgBub3RlAO3Q2Y2DMBAA0FZcwfbkJIZYIhABe6T7FWAw0Xaweu/D+JjxDA5dfKUx5EdsU7gO/Rxzn8Zwy22a5vCI',
  'fW7eJqeYOsv9Lf2UcY5jGL7S2MXX8a2Ry7TJbb1vSyq7pWppaT0JY2rSmPprKtuXbri8FdzG73ue0/A573dMfXxO92GuB6dmllr7ssTvy+0hatFQ',
  'do6G67+snex5NaN0tWadoo+Gjpv+7pRelif8AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
  'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
  'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
  'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAACAf+QXFLvXv3iVBAAfiwgAAAAA',
  'AAD/AAgA9/9zdG9yZWQsIAAAAP//K8lIzVNIVEjLrEhNUUjKyU/O1kHlAgDM0CDoKQAAAA==',
].join('');
const zstdVector = [
  'KLUv/aR4lQQA9AQAAkUPELA7JDHDnSA0m2ZlkldLBlQAv41KyepX669poU9QwepK1LEscWWNnu908JLlRPhKyw7efG6BWhItur48GCqg4U4wM8nC',
  'Yt0wAsIcsxtk/ng2Snwsq3nNhNI9unPSBK0K77wGz3OPxtMFhwfMIO7P3AnfFwe5Yx6U4zfj8s1bmbVpcZvjsg6GcxPVYWE2YjeCmXJnnrdFHtQA',
  'qwoCABAuw6sELgee4eUotS/9AAANAQDYc3RvcmVkLCB0aGVuIGEgZml4ZWQgYmxvY2ssAQCLPMc=',
].join('');
// Offset in the zstd vector of a byte of the first frame's checksum; gzip's is 8 bytes before the end.
const zstdChecksumAt = 181;
const expectedBytes = 300_449;
const expectedCrc = 0x783f5650;
// Prime, so that every structure is cut somewhere.
const chunkBytes = 13;

/** Opens the decoder and wraps it in the rules of its format. */
export const openInflater = (maker: DecoderMaker): Inflater =>
  maker.format === 'gzip' ? new GzipInflater(maker.open()) : new ZstdInflater(maker.open());

function decode(maker: DecoderMaker, vector: Uint8Array): boolean {
  using inflater = openInflater(maker);
  let bytes = 0;
  let crc = 0;
  const collect = (chunk: Uint8Array): void => {
    bytes += chunk.length;
    crc = crc32(chunk, crc);
  };
  for (let at = 0; at < vector.length; at += chunkBytes) {
    inflater.write(vector.subarray(at, at + chunkBytes), collect);
  }
  inflater.finish(collect);
  return bytes === expectedBytes && crc === expectedCrc;
}

function refuses(maker: DecoderMaker, vector: Uint8Array): boolean {
  try {
    decode(maker, vector);
    return false;
  } catch (error) {
    return isStrataError(error);
  }
}

/**
 * Tests a decoder: true when it is installed, decodes the fixed vector, and refuses it cut short or with a wrong checksum. This
 * guards against a library with other structures, and against changes of a private interface.
 */
export function proveDecoder(maker: DecoderMaker): boolean {
  const vector = Buffer.from(maker.format === 'gzip' ? gzipVector : zstdVector, 'base64');
  const damaged = Buffer.from(vector);
  const at = maker.format === 'gzip' ? vector.length - 8 : zstdChecksumAt;
  damaged.writeUInt8(damaged.readUInt8(at) ^ 1, at);
  try {
    return decode(maker, vector) && refuses(maker, vector.subarray(0, -1)) && refuses(maker, damaged);
  } catch {
    // A missing library or a changed structure: another decoder is chosen.
    return false;
  }
}
