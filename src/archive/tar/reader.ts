import { type AbortOptions, unlessAborted } from '../../lib/abort.ts';
import { invariant } from '../../lib/invariant.ts';
import { fillHoles } from './holes.ts';
import { TarParser } from './parser.ts';
import type { TarEntry } from './types.ts';

/** One entry of an archive that is being read. */
export interface TarMember {
  readonly entry: TarEntry;
  /**
   * The file's content, `entry.sizeBytes` bytes: zeros where a sparse file has holes. May be read once, and only until
   * the next member is asked for. Pieces are views, valid until the next piece is asked for.
   */
  readonly body: AsyncIterable<Uint8Array>;
  /** Read instead of {@link body}: the bytes that the archive holds, `entry.storedSizeBytes` of them, without holes. */
  readonly stored: AsyncIterable<Uint8Array>;
}

type TarEvent =
  | { readonly kind: 'entry'; readonly entry: TarEntry }
  | { readonly kind: 'data'; readonly chunk: Uint8Array }
  | { readonly kind: 'end' };

/**
 * The members of an uncompressed archive in order. A body that is not read is skipped; nothing is read ahead beyond
 * one chunk of `source`, which may reuse a chunk once the next is asked for. The source is read to its end, so that a
 * digest taken on the way covers trailing bytes too, and closed when the iteration ends early.
 *
 * @throws whatever {@link TarParser} throws, once the members before the fault were handed out; the signal's reason
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
      // data and end of a member nobody read, or read to the end
      if (event.kind !== 'entry') continue;
      const { entry } = event;
      let current = true;
      const stored = storedOf(events, () => current);
      yield { entry, body: filled(entry, stored), stored };
      current = false;
    }
  } finally {
    await events.close();
  }
}

async function* storedOf(events: EventReader, isCurrent: () => boolean): AsyncGenerator<Uint8Array> {
  for (;;) {
    invariant(isCurrent(), 'the body of a tar member is read before the next member is asked for');
    const event = events.take() ?? (await events.next());
    if (event?.kind !== 'data') return;
    yield event.chunk;
  }
}

async function* filled(entry: TarEntry, stored: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const filler = fillHoles(entry);
  for await (const chunk of stored) yield* filler.write(chunk);
  yield* filler.finish();
}

/** Pulls chunks through the parser as its events are asked for. */
class EventReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #signal: AbortSignal | undefined;
  readonly #parser: TarParser;
  #events: TarEvent[] = [];
  #taken = 0;
  /** Thrown when the events before it are used up. */
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

  /** The next event if the parser has already come to it: waiting costs more than parsing. */
  take(): TarEvent | undefined {
    return this.#events[this.#taken++];
  }

  /** The next event after {@link take} had none; undefined after the last. */
  async next(): Promise<TarEvent | undefined> {
    for (;;) {
      if (this.#failure) throw this.#failure.reason;
      if (this.#ended) return undefined;
      await this.#pull();
      const event = this.take();
      if (event) return event;
    }
  }

  /** Tells the source that no more is wanted, unless it has ended by itself. */
  async close(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    const returned = this.#chunks.return?.();
    // A generator answers only when what it waits for has come, which after an abort may be never.
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
