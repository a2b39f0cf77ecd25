import { createReadStream } from 'node:fs';
import { decompress } from '../../archive/compression/decompress.ts';
import { RunningDigest, verifyStream } from '../../content/verify.ts';
import { isStrataError, StrataError } from '../../errors/index.ts';
import type { LayerEntry } from '../../layer/merged/layer-entry.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import type { Descriptor } from '../../spec/descriptor.ts';
import { type DiffId, parseDiffId } from '../../spec/digest.ts';
import { tarDescriptor } from '../assemble-image.ts';
import { markInputFailures } from '../caller-failures.ts';
import type { ContentOptions, Layer, ReadOptions } from '../image/image.ts';
import { tarContent, tarEntries } from '../image/tar-entries.ts';
import { sourceUnreadable } from './source-unreadable.ts';

const readBytes = 1 << 20;

/** The path of a tar, or a function that returns its bytes on each call; compressed or not. */
export type TarSource = string | (() => AsyncIterable<Uint8Array>);

/**
 * Returns a layer with the content of a tar. The tar is read now, for its digest, and again each time the layer is
 * read, so it must not change. Write a source that can be read only once, such as a connection, to a file first.
 *
 * ```ts
 * const layer = await layerOfTar('rootfs.tar.gz');
 * ```
 * @throws ERR_SYSCALL_* for a file that cannot be read, ERR_INPUT_FAILED for a function's failure, ERR_COMPRESSION_*
 * and ERR_TAR_*
 */
export async function layerOfTar(source: TarSource, options: AbortOptions = {}): Promise<Layer> {
  const running = new RunningDigest('sha256');
  for await (const chunk of bytesOf(source, options)) {
    options.signal?.throwIfAborted();
    running.update(chunk);
  }
  return new LayerOfTar(source, parseDiffId(running.digest()), running.sizeBytes);
}

async function* bytesOf(source: TarSource, options: AbortOptions): AsyncGenerator<Uint8Array, void> {
  if (typeof source === 'function') return yield* decompress(markInputFailures(source()), options);
  yield* decompress(readSource(source), options);
}

async function* readSource(path: string): AsyncGenerator<Uint8Array, void> {
  try {
    yield* createReadStream(path, { highWaterMark: readBytes }) as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw sourceUnreadable(error, path);
  }
}

class LayerOfTar implements Layer {
  readonly diffId: DiffId;
  readonly descriptor: Descriptor;
  readonly #source: TarSource;

  constructor(source: TarSource, diffId: DiffId, tarSizeBytes: number) {
    this.diffId = diffId;
    this.descriptor = tarDescriptor({ diffId, tarSizeBytes });
    this.#source = source;
  }

  blob(options: ReadOptions = {}): AsyncIterable<Uint8Array> {
    return this.tar(options);
  }

  async *tar(options: ReadOptions = {}): AsyncGenerator<Uint8Array, void> {
    const { digest, size: sizeBytes } = this.descriptor;
    try {
      yield* verifyStream(bytesOf(this.#source, options), { digest, sizeBytes }, options);
    } catch (error) {
      const isOther =
        isStrataError(error, 'ERR_BLOB_DIGEST_MISMATCH') || isStrataError(error, 'ERR_BLOB_SIZE_MISMATCH');
      throw isOther ? sourceChanged(this.diffId, error) : error;
    }
  }

  entries(options: AbortOptions = {}): AsyncIterable<LayerEntry> {
    return tarEntries(this, options);
  }

  content({ ordinal }: Pick<LayerEntry, 'ordinal'>, options: ContentOptions = {}): AsyncIterable<Uint8Array> {
    return tarContent(this, ordinal, options);
  }
}

const sourceChanged = (diffId: DiffId, cause: unknown): StrataError =>
  new StrataError({
    code: 'ERR_LAYER_SOURCE_CHANGED',
    message: `layer ${diffId}: its source has changed`,
    hint: 'Make the layer again, and do not change its source until it is stored.',
    cause,
  });
