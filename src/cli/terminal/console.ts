import type { Attachment, OutputChunk, TerminalSize } from '../../engine/index.ts';
import { DetachFilter } from '../../terminal/detach-keys.ts';
import { RawTerminal } from './raw-terminal.ts';
import { mayBeTerminal } from './standard-streams.ts';
import { writeBytes } from './write-bytes.ts';

export interface ConsoleOptions {
  /** Standard input goes to the container. */
  readonly input: boolean;
  /** The container has a terminal, so ours goes into raw mode. */
  readonly terminal: boolean;
  /** Typed at a terminal, they detach from the container. */
  readonly detachKeys: Uint8Array;
  /** The program in the container has drawn on its terminal before and must draw again. */
  readonly redraws?: boolean;
  /** Output streams to show. Default: all. With an empty set, the connection ends with the input. */
  readonly shown?: ReadonlySet<OutputChunk['stream']> | undefined;
}

/**
 * Joins a container's streams to this process's own until the container ends or the detach keys are typed. Restores the
 * terminal in any case. Throws ERR_OUTPUT_CLOSED when the output has no reader any more.
 */
export async function joinStreams(
  streams: Attachment,
  options: ConsoleOptions,
): Promise<'ended' | 'detached' | 'input-ended'> {
  const { input, terminal, detachKeys, shown } = options;
  const stopResizing = terminal && process.stdout.isTTY ? followSize(streams, options.redraws === true) : undefined;
  try {
    using raw = input && terminal && process.stdin.isTTY ? new RawTerminal(process.stdin.fd) : undefined;
    const ended = passOutput(streams, shown).then(() => 'ended' as const);
    if (!input) return shown?.size === 0 ? 'input-ended' : await ended;
    using stdin = new InputFlow(streams, raw === undefined ? undefined : new DetachFilter(detachKeys));
    return await Promise.race([ended, stdin.detached, ...(shown?.size === 0 ? [stdin.ended] : [])]);
  } finally {
    stopResizing?.();
  }
}

async function passOutput(streams: Attachment, shown: ConsoleOptions['shown']): Promise<void> {
  for await (const { stream, chunk } of streams) {
    if (shown?.has(stream) !== false) await writeBytes(process[stream], chunk);
  }
}

/** Passes standard input to a container, no faster than the container reads it. */
class InputFlow implements Disposable {
  /** Resolves when the keys have been typed; rejects when writing fails. */
  readonly detached: Promise<'detached'>;
  /** Resolves when the input has ended and the container has all of it. */
  readonly ended: Promise<'input-ended'>;
  readonly #streams: Attachment;
  readonly #filter: DetachFilter | undefined;
  readonly #resolveEnded: (value: 'input-ended') => void;
  #detach: { readonly resolve: (value: 'detached') => void; readonly reject: (error: unknown) => void };
  #isOver = false;

  constructor(streams: Attachment, filter: DetachFilter | undefined) {
    this.#streams = streams;
    this.#filter = filter;
    const { promise, resolve, reject } = Promise.withResolvers<'detached'>();
    this.detached = promise;
    this.#detach = { resolve, reject };
    const end = Promise.withResolvers<'input-ended'>();
    this.ended = end.promise;
    this.#resolveEnded = end.resolve;
    process.stdin.on('data', this.#onData).on('end', this.#onEnd).on('error', this.#onEnd);
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    // The error listener stays: a later error must not crash the process.
    process.stdin.off('data', this.#onData).off('end', this.#onEnd);
    process.stdin.pause();
    // A pending read must not keep the process alive.
    if ('unref' in process.stdin) process.stdin.unref();
  }

  readonly #onData = (chunk: Buffer): void => {
    process.stdin.pause();
    this.#pass(chunk).then(
      (wantsMore) => {
        if (wantsMore && !this.#isOver) process.stdin.resume();
      },
      (error: unknown) => this.#detach.reject(error),
    );
  };

  // A closed terminal emits an error instead of the end. A stream emits its end even while it is paused.
  readonly #onEnd = (): void => {
    this.#streams.end();
    // Writes are taken in order, so this one resolves once all input before the end was taken.
    this.#streams.write(new Uint8Array()).then(
      () => this.#resolveEnded('input-ended'),
      (error: unknown) => this.#detach.reject(error),
    );
  };

  async #pass(chunk: Buffer): Promise<boolean> {
    const bytes = this.#filter?.pass(chunk) ?? chunk;
    const isTaken = await this.#streams.write(bytes);
    if (this.#filter?.isDetached !== true) return isTaken;
    this.#detach.resolve('detached');
    return false;
  }
}

/** Gives the container's terminal the size of ours, now and at each change. Returns a function that stops it. */
function followSize(streams: Attachment, redraws: boolean): () => void {
  const resize = (how: { readonly redraws?: boolean } = {}): void => {
    const size = ownTerminalSize();
    if (size !== undefined) streams.resize(size, how);
  };
  const follow = (): void => resize();
  resize({ redraws });
  process.stdout.on('resize', follow);
  return () => process.stdout.off('resize', follow);
}

/** Returns the size of the terminal at standard output, undefined if it is no terminal. */
export function ownTerminalSize(): TerminalSize | undefined {
  // `process.stdout` loads modules that a command without a terminal may not need.
  const [columns, rows] = mayBeTerminal(1) && process.stdout.isTTY ? process.stdout.getWindowSize() : [0, 0];
  return columns > 0 && rows > 0 ? { rows, columns } : undefined;
}
