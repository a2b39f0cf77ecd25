import type { Attachment, OutputChunk, TerminalSize } from '../../engine/index.ts';
import { DetachFilter } from '../../terminal/detach-keys.ts';
import { RawTerminal } from './raw-terminal.ts';
import { mayBeTerminal } from './standard-streams.ts';
import { writeBytes } from './write-bytes.ts';

export interface ConsoleOptions {
  /** Standard input goes to the container. */
  readonly input: boolean;
  /** The container has a terminal: ours, if it is one, does nothing by itself then. */
  readonly terminal: boolean;
  /** Typed at a terminal, they let go of the container. */
  readonly detachKeys: Uint8Array;
  /** The terminal shows something already, which is to be drawn anew. */
  readonly redraws?: boolean;
  /** What is shown of its output. Default: all; nothing makes the end of the input the end of the conversation. */
  readonly shown?: ReadonlySet<OutputChunk['stream']> | undefined;
}

/**
 * Joins a container's streams and this process's own until the container ends or its user has typed the keys that
 * detach. The terminal is as it was afterwards, whatever happens. Throws ERR_OUTPUT_CLOSED when nobody reads any more.
 */
export async function converse(
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

/** Standard input on its way to a container, no faster than that takes it. */
class InputFlow implements Disposable {
  /** Resolves when the keys have been typed; rejects when writing fails. */
  readonly detached: Promise<'detached'>;
  /** Resolves when the input has ended and the container has all of it. */
  readonly ended: Promise<'input-ended'>;
  readonly #streams: Attachment;
  readonly #filter: DetachFilter | undefined;
  readonly #tellEnd: (value: 'input-ended') => void;
  #settle: { readonly resolve: (value: 'detached') => void; readonly reject: (error: unknown) => void };
  #isOver = false;

  constructor(streams: Attachment, filter: DetachFilter | undefined) {
    this.#streams = streams;
    this.#filter = filter;
    const { promise, resolve, reject } = Promise.withResolvers<'detached'>();
    this.detached = promise;
    this.#settle = { resolve, reject };
    const end = Promise.withResolvers<'input-ended'>();
    this.ended = end.promise;
    this.#tellEnd = end.resolve;
    process.stdin.on('data', this.#onData).on('end', this.#onEnd).on('error', this.#onEnd);
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    // An error that comes later is still nobody's.
    process.stdin.off('data', this.#onData).off('end', this.#onEnd);
    process.stdin.pause();
    // A read that is under way must not keep the process.
    if ('unref' in process.stdin) process.stdin.unref();
  }

  readonly #onData = (chunk: Buffer): void => {
    process.stdin.pause();
    this.#pass(chunk).then(
      (goesOn) => {
        if (goesOn && !this.#isOver) process.stdin.resume();
      },
      (error: unknown) => this.#settle.reject(error),
    );
  };

  // A terminal that is gone fails instead of ending. A stream tells its end also while it is paused.
  readonly #onEnd = (): void => {
    this.#streams.end();
    // Taken in their order: behind the end there is nothing left of what came before.
    this.#streams.write(new Uint8Array()).then(
      () => this.#tellEnd('input-ended'),
      (error: unknown) => this.#settle.reject(error),
    );
  };

  async #pass(chunk: Buffer): Promise<boolean> {
    const bytes = this.#filter?.pass(chunk) ?? chunk;
    const isTaken = await this.#streams.write(bytes);
    if (this.#filter?.isDetached !== true) return isTaken;
    this.#settle.resolve('detached');
    return false;
  }
}

/** Gives the container's terminal the size of ours, now and whenever it changes. */
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

/** The size of the terminal that standard output is; undefined for anything else. */
export function ownTerminalSize(): TerminalSize | undefined {
  // Asked for its stream, Node loads what a command without a terminal may not need.
  const [columns, rows] = mayBeTerminal(1) && process.stdout.isTTY ? process.stdout.getWindowSize() : [0, 0];
  return columns > 0 && rows > 0 ? { rows, columns } : undefined;
}
