import { corruptData, unexpectedEnd } from './failures.ts';
import {
  frameMagic,
  headerLength,
  isSkippableMagic,
  readFrameHeader,
  type ZstdFrameHeader,
} from './zstd-frame-header.ts';

/** Bytes that belong to a single frame. */
export interface FrameRun {
  readonly bytes: Uint8Array;
  readonly endsFrame: boolean;
}

type FrameStage = 'magic' | 'descriptor' | 'header' | 'skip-size' | 'skip' | 'block' | 'body' | 'checksum';
const passedOn: ReadonlySet<FrameStage> = new Set(['block', 'body', 'checksum']);

/**
 * Delimits zstd frames (RFC 8878 §3.1) in a stream cut anywhere, because Node's decoder silently drops all bytes after the
 * first frame within one write. Skippable frames are left out. Windows over 128 MiB and frames that need a dictionary are
 * refused. The block structure is followed, so that a truncated stream or surplus bytes are noticed.
 */
export class ZstdFrames {
  readonly #scratch = new Uint8Array(18);
  readonly #view = new DataView(this.#scratch.buffer);
  #stage: FrameStage = 'magic';
  #have = 0;
  #need = 4;
  /** Bytes left of a block's body or a skippable frame. */
  #left = 0;
  #header: ZstdFrameHeader = { blockLimit: 0, hasChecksum: false };
  #isLastBlock = false;
  #seenFrame = false;

  /**
   * Yields the runs to decode, in order: a frame's header once it is complete and accepted, then views of `input`.
   * @throws ERR_COMPRESSION_CORRUPT, ERR_COMPRESSION_WINDOW, ERR_COMPRESSION_DICTIONARY
   */
  *scan(input: Uint8Array): Generator<FrameRun> {
    let at = 0;
    while (at < input.length) {
      const start = at;
      if (passedOn.has(this.#stage)) {
        at = this.#frame(input, at);
        yield { bytes: input.subarray(start, at), endsFrame: this.#stage === 'magic' };
      } else {
        at = this.#take(input, at);
        if (this.#isDone() && this.#preamble()) {
          yield { bytes: this.#scratch.slice(0, this.#have), endsFrame: false };
          this.#expect('block', 3);
        }
      }
    }
  }

  /**
   * Checks that the input ended after a frame.
   * @throws ERR_COMPRESSION_TRUNCATED
   */
  finish(): void {
    if (!this.#seenFrame || this.#stage !== 'magic' || this.#have > 0) throw unexpectedEnd('zstd');
  }

  /** Walks blocks to the end of the frame or of the input, whichever comes first. */
  #frame(input: Uint8Array, from: number): number {
    let at = from;
    while (at < input.length && this.#stage !== 'magic') {
      at = this.#take(input, at);
      if (this.#isDone()) this.#withinFrame();
    }
    return at;
  }

  #withinFrame(): void {
    if (this.#stage === 'block') this.#block();
    else if (this.#stage === 'checksum') this.#endFrame();
    else this.#afterBlock();
  }

  #block(): void {
    const word = this.#view.getUint16(0, true) | ((this.#scratch[2] ?? 0) << 16);
    const type = (word >> 1) & 3;
    const size = word >> 3;
    if (type === 3) throw corruptData('zstd', 'reserved block type');
    if (size > this.#header.blockLimit) throw corruptData('zstd', 'block larger than its frame allows');
    this.#isLastBlock = (word & 1) !== 0;
    this.#pass('body', type === 1 ? 1 : size);
    if (this.#left === 0) this.#afterBlock();
  }

  #afterBlock(): void {
    if (!this.#isLastBlock) this.#expect('block', 3);
    else if (this.#header.hasChecksum) this.#expect('checksum', 4);
    else this.#endFrame();
  }

  #endFrame(): void {
    this.#seenFrame = true;
    this.#expect('magic', 4);
  }

  /** Advances through the fields before the blocks. Returns true when a data frame's header is complete. */
  #preamble(): boolean {
    switch (this.#stage) {
      case 'magic': {
        const magic = this.#view.getUint32(0, true);
        if (magic !== frameMagic && !isSkippableMagic(magic)) {
          throw corruptData('zstd', this.#seenFrame ? 'bytes follow the last frame' : 'no zstd frame');
        }
        this.#extend(magic === frameMagic ? 'descriptor' : 'skip-size', magic === frameMagic ? 5 : 8);
        return false;
      }
      case 'descriptor':
        this.#extend('header', headerLength(this.#scratch[4] ?? 0));
        return false;
      case 'header':
        this.#header = readFrameHeader(this.#scratch.subarray(0, this.#need));
        return true;
      case 'skip-size':
        this.#pass('skip', this.#view.getUint32(4, true));
        if (this.#left === 0) this.#endFrame();
        return false;
      case 'skip':
        this.#endFrame();
        return false;
      case 'block':
      case 'body':
      case 'checksum':
        return false;
    }
  }

  /** Consumes input for the current stage and returns the offset of its end. */
  #take(input: Uint8Array, at: number): number {
    if (this.#stage === 'body' || this.#stage === 'skip') {
      const taken = Math.min(this.#left, input.length - at);
      this.#left -= taken;
      return at + taken;
    }
    const taken = Math.min(this.#need - this.#have, input.length - at);
    this.#scratch.set(input.subarray(at, at + taken), this.#have);
    this.#have += taken;
    return at + taken;
  }

  #isDone(): boolean {
    return this.#stage === 'body' || this.#stage === 'skip' ? this.#left === 0 : this.#have === this.#need;
  }

  #expect(stage: FrameStage, need: number): void {
    this.#have = 0;
    this.#extend(stage, need);
  }

  #extend(stage: FrameStage, need: number): void {
    this.#stage = stage;
    this.#need = need;
  }

  #pass(stage: 'body' | 'skip', bytes: number): void {
    this.#have = 0;
    this.#stage = stage;
    this.#left = bytes;
  }
}
