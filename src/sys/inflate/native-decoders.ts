import { isalDecoder } from './isal.ts';
import { libzDecoder } from './libz.ts';
import { libzstdDecoder } from './libzstd.ts';
import type { DecoderMaker } from './sync-decoder.ts';

/**
 * Decoders of Debian's C libraries, each opened on first use. Pass them to `createInflater`, which chooses the fastest that passes
 * its test.
 */
export const nativeDecoders: readonly DecoderMaker[] = [isalDecoder, libzDecoder, libzstdDecoder];
