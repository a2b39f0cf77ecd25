import { isalDecoder } from './isal.ts';
import { libzDecoder } from './libz.ts';
import { libzstdDecoder } from './libzstd.ts';
import type { DecoderMaker } from './sync-decoder.ts';

/**
 * Decoders of Debian's C libraries, none of which is opened before it is asked for. To be handed to `createInflater`,
 * which proves each by a fixed vector before it takes the fastest.
 */
export const nativeDecoders: readonly DecoderMaker[] = [isalDecoder, libzDecoder, libzstdDecoder];
