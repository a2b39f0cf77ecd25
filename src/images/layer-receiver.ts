import type { BlobWriter } from '../content/types.ts';
import { type Reception, receiveBlob } from '../layer/receive-blob.ts';
import { type AbortOptions, unlessAborted } from '../lib/abort.ts';
import { TaskGroup } from '../lib/task-group.ts';
import type { Store } from '../store/store.ts';
import type { Work } from '../store/work/types.ts';
import type { Layer } from './image/image.ts';
import type { ArchiveFile } from './load/archive-files.ts';

// Docker's default for concurrent downloads.
const atOnce = 3;

/**
 * Writes the blobs of layers into the content store, where they can be unpacked while still incomplete. Disposal
 * removes those that were not kept.
 */
export class LayerReceiver implements AsyncDisposable {
  readonly #store: Store;
  readonly #work: Work;
  readonly #group: TaskGroup;
  readonly #writers: BlobWriter[] = [];
  #count = 0;

  constructor(store: Store, work: Work, { signal }: AbortOptions) {
    this.#store = store;
    this.#work = work;
    this.#group = new TaskGroup({ signal, limit: atOnce });
  }

  /** Begins to receive the blob of the layer's descriptor, or queues it behind others. */
  receive(layer: Layer): ArchiveFile {
    const { digest, size: sizeBytes } = layer.descriptor;
    const { lease, content } = this.#work;
    const { signal } = this.#group;
    // The counter keeps names apart when an image has one layer twice.
    const ref = `layer ${this.#count++} ${digest} ${lease.id}`;
    const opened = Promise.withResolvers<BlobWriter>();
    const turn = Promise.withResolvers<void>();
    const begin = async (): Promise<Reception> => {
      await unlessAborted(turn.promise, { signal });
      const writer = await content.writer(ref, { signal, expected: { digest, sizeBytes } });
      this.#writers.push(writer);
      opened.resolve(writer);
      return { file: fileOf(writer), rest: layer.blob({ signal, reuseBuffer: true }) };
    };
    const path = this.#store.content.ingestPath(ref);
    const { streaming } = receiveBlob(begin, { path, sizeBytes, digest, signal });
    this.#group.run(async () => {
      turn.resolve();
      await streaming.written;
    });
    const keep = async (): Promise<void> => {
      await streaming.written;
      await (await opened.promise).commit({ signal });
    };
    return { path, sizeBytes, streaming: { ...streaming, keep } };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#group[Symbol.asyncDispose]();
    for (const writer of this.#writers.splice(0)) await writer.discard();
  }
}

/** Leaves the writer open: its bytes are kept or discarded once the layer is unpacked. */
const fileOf = (writer: BlobWriter): Reception['file'] => ({
  get sizeBytes() {
    return writer.offset;
  },
  append: async (chunk) => await writer.write(chunk),
  [Symbol.asyncDispose]: async () => {},
});
