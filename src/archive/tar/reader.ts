import { type AbortOptions, unlessAborted } from '../../lib/abort.ts';
import { invariant } from '../../lib/invariant.ts';
import { fillHoles } from './holes.ts';
import { TarParser } from './parser.ts';
import type { TarEntry } from './types.ts';

/** One entry of an archive that is being read. */
export interface TarMember {
  readonly entry: TarEntry;
  /**
   * Content of the file, `entry.sizeBytes` bytes, with zeros for the holes of a sparse file. May be read once, before the next
   * member is requested. Chunks are views, valid until the next chunk is requested.
   */
  readonly body: AsyncIterable<Uint8Array>;
  /** Bytes that the archive holds, `entry.storedSizeBytes` of them, without holes. Read either this or {@link body}. */
  readonly stored: AsyncIterable<Uint8Array>;
}

type TarEvent =
  | { readonly kind: 'entry'; readonly entry: TarEntry }
  | { readonly kind: 'data'; readonly chunk: Uint8Array }
  | { readonly kind: 'end' };

/**
 * Iterates over the members of an uncompressed archive, in order. A body that is not read is skipped. At most one chunk of
 * `source` is read ahead, and `source` may reuse a chunk once the next is requested. The source is read to its end, so that a
 * digest taken on the way covers trailing bytes, and it is closed when the iteration ends early.
 *
 * ```ts
 * import { createReadStream } from 'node:fs';
 *
 * for await (const { entry, body } of readTar(createReadStream('layer.tar'))) {
 *   if (entry.type === 'file') for await (const chunk of body) process.stdout.write(chunk);
 * }
 * ```
 *
 * @throws errors of {@link TarParser}, after the members before the fault; the signal's reason
 */
export async function* readTar(
  source: AsyncIterable<Uint8Array>,
  options: AbortOptions = {},
): AsyncGenerator<TarMember> {
  const events = new EventReader(source, options.signal);
  try {
    for (;;) {
      const event = events.take() ?? (await events.next());
      if (event === undefined) return;
      // Data and end of a member that was not read, or not to its end.
      if (event.kind !== 'entry') continue;
      const { entry } = event;
      let current = true;
      const stored = readStored(events, () => current);
      yield { entry, body: readFilled(entry, stored), stored };
      current = false;
    }
  } finally {
    await events.close();
  }
}

async function* readStored(events: EventReader, isCurrent: () => boolean): AsyncGenerator<Uint8Array> {
  for (;;) {
    invariant(isCurrent(), 'the body of a tar member is read before the next member is asked for');
    const event = events.take() ?? (await events.next());
    if (event?.kind !== 'data') return;
    yield event.chunk;
  }
}

async function* readFilled(entry: TarEntry, stored: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const filler = fillHoles(entry);
  for await (const chunk of stored) yield* filler.write(chunk);
  yield* filler.finish();
}

/** Pulls chunks through the parser as events are requested. */
class EventReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #signal: AbortSignal | undefined;
  readonly #parser: TarParser;
  #events: TarEvent[] = [];
  #taken = 0;
  /** Failure to throw once the events before it are consumed. */
  #failure: { readonly reason: unknown } | undefined;
  #ended = false;
  #waiting = false;

  constructor(source: AsyncIterable<Uint8Array>, signal: AbortSignal | undefined) {
    this.#chunks = source[Symbol.asyncIterator]();
    this.#signal = signal;
    this.#parser = new TarParser({
      entry: (entry) => this.#events.push({ kind: 'entry', entry }),
      data: (chunk) => this.#events.push({ kind: 'data', chunk }),
      endEntry: () => this.#events.push({ kind: 'end' }),
      trailer: () => undefined,
    });
  }

  /** Returns the next event if the parser has it already, without the cost of waiting, which exceeds that of parsing. */
  take(): TarEvent | undefined {
    return this.#events[this.#taken++];
  }

  /** Returns the next event when {@link take} had none; undefined after the last. */
  async next(): Promise<TarEvent | undefined> {
    for (;;) {
      if (this.#failure) throw this.#failure.reason;
      if (this.#ended) return undefined;
      await this.#pull();
      const event = this.take();
      if (event) return event;
    }
  }

  /** Closes the source unless it has ended. */
  async close(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    const returned = this.#chunks.return?.();
    // A generator that is waiting returns only when its wait ends, which after an abort may be never.
    if (this.#waiting) void returned?.catch(() => undefined);
    else await returned;
  }

  async #pull(): Promise<void> {
    this.#signal?.throwIfAborted();
    this.#events = [];
    this.#taken = 0;
    this.#waiting = true;
    const result = await unlessAborted(this.#chunks.next(), { signal: this.#signal });
    this.#waiting = false;
    try {
      if (result.done) {
        this.#ended = true;
        this.#parser.finish();
      } else {
        this.#parser.write(result.value);
      }
    } catch (reason) {
      this.#failure = { reason };
    }
  }
}
