import type { Command } from 'commander';
import type { ContainerVerbs } from '../../engine/index.ts';
import type { CliContext } from '../context.ts';
import { forEachContainer } from '../for-each-container.ts';
import { parseWholeNumber } from './container-flags.ts';

interface StopFlags {
  readonly signal?: string;
  readonly timeout?: string;
  /** Docker's name of `timeout` before version 28. */
  readonly time?: string;
}

/** The way to stop a container. */
interface StopRequest {
  readonly timeoutSeconds: number | undefined;
  readonly send: string | undefined;
  readonly signal: AbortSignal;
}

/**
 * Adds the arguments, flags and action that `stop` and `restart` share. `act` is run for one container after the other
 * or, with `atOnce`, for all at the same time.
 */
export function defineStopFlags(
  command: Command,
  context: CliContext,
  act: (containers: ContainerVerbs, name: string, request: StopRequest) => Promise<string | void>,
  { atOnce = false }: { readonly atOnce?: boolean } = {},
): void {
  command
    .argument('<container...>', 'Names or IDs of containers')
    .option('-s, --signal <signal>', 'Signal to send to the container')
    .option('-t, --timeout <seconds>', 'Seconds to wait before killing the container (-1 to wait for ever)')
    .addOption(command.createOption('--time <seconds>').hideHelp())
    .action(async (names: readonly string[], { signal: send, time, timeout = time }: StopFlags) => {
      const timeoutSeconds = timeout === undefined ? undefined : parseWholeNumber(command, '-t, --timeout', timeout);
      // An empty value counts as absent, as in docker.
      const request = { timeoutSeconds, send: send || undefined, signal: context.signal };
      const { containers } = await context.engine();
      const begun = atOnce ? names.map(async (name) => act(containers, name, request)) : [];
      const settled = Promise.allSettled(begun);
      let at = 0;
      try {
        await forEachContainer(context, names, (name) => begun[at++] ?? act(containers, name, request));
      } finally {
        await settled;
      }
    });
}
