import type { AttachedContainer, ContainerVerbs } from '../../engine/index.ts';
import { StrataError } from '../../errors/index.ts';
import type { CliContext } from '../context.ts';
import { type ConsoleOptions, joinStreams } from './console.ts';
import { SignalForwarding } from './signal-forwarding.ts';

export interface StayAttachedOptions {
  /** Standard input goes to the container. */
  readonly input: boolean;
  readonly passesSignals: boolean;
  readonly detachKeys: Uint8Array;
  readonly redraws?: boolean;
  readonly shown?: ConsoleOptions['shown'] | undefined;
}

/**
 * Joins the terminal to a container until it ends. Returns its exit code, or `detached`; with no output to show, it
 * returns 0 at the end of the input. Throws the reason of the command's signal, and ERR_OUTPUT_CLOSED; the container
 * keeps running.
 */
export async function stayAttached(
  context: CliContext,
  containers: ContainerVerbs,
  attached: AttachedContainer,
  options: StayAttachedOptions,
): Promise<number | 'detached'> {
  using _signals = options.passesSignals ? new SignalForwarding(context, containers, attached.id) : undefined;
  const { streams, terminal, interactive } = attached;
  const end = await joinStreams(streams, { ...options, input: options.input && interactive, terminal });
  context.signal.throwIfAborted();
  if (end === 'input-ended') return 0;
  return end === 'detached' ? end : await attached.exitCode;
}

/** Throws ERR_NO_TERMINAL if input for a container's terminal does not come from a terminal. */
export function refuseWithoutTerminal(input: boolean, terminal: boolean): void {
  if (!input || !terminal || process.stdin.isTTY) return;
  throw new StrataError({
    code: 'ERR_NO_TERMINAL',
    message: 'the input device is not a TTY',
    hint: 'Leave out -t, or run the command at a terminal.',
    // The code of docker's client, which checks this before anything runs.
    details: { exitCode: 1 },
  });
}
