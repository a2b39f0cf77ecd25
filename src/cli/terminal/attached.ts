import type { AttachedContainer, ContainerVerbs } from '../../engine/index.ts';
import { StrataError } from '../../errors/index.ts';
import type { CliContext } from '../context.ts';
import { type ConsoleOptions, converse } from './console.ts';
import { PassedSignals } from './pass-signals.ts';

export interface AttachedOptions {
  /** Standard input goes to the container. */
  readonly input: boolean;
  readonly passesSignals: boolean;
  readonly detachKeys: Uint8Array;
  readonly redraws?: boolean;
  readonly shown?: ConsoleOptions['shown'] | undefined;
}

/**
 * The user is with a container until it ends; answers its exit code, or `detached`. Who is shown nothing of it is done when
 * the input is: 0. Throws the reason of the command's signal, and ERR_OUTPUT_CLOSED; the container goes on.
 */
export async function withContainer(
  context: CliContext,
  containers: ContainerVerbs,
  attached: AttachedContainer,
  options: AttachedOptions,
): Promise<number | 'detached'> {
  using _signals = options.passesSignals ? new PassedSignals(context, containers, attached.id) : undefined;
  const { streams, terminal, interactive } = attached;
  const how = await converse(streams, { ...options, input: options.input && interactive, terminal });
  context.signal.throwIfAborted();
  if (how === 'input-ended') return 0;
  return how === 'detached' ? how : await attached.exitCode;
}

/** Throws ERR_NO_TERMINAL when a container's terminal is to be used from none. */
export function refuseWithoutTerminal(input: boolean, terminal: boolean): void {
  if (!input || !terminal || process.stdin.isTTY) return;
  throw new StrataError({
    code: 'ERR_NO_TERMINAL',
    message: 'the input device is not a TTY',
    hint: 'Leave out -t.',
    // Docker's client says so itself, before anything is run.
    details: { exitCode: 1 },
  });
}
