import type { Command } from 'commander';
import type { ContainerVerbs } from '../../engine/index.ts';
import type { CliContext } from '../context.ts';
import { eachContainer } from '../each-container.ts';
import { wholeNumber } from './container-flags.ts';

interface StopFlags {
  readonly signal?: string;
  readonly timeout?: string;
  /** What docker calls it before 28. */
  readonly time?: string;
}

/** How a container is to be stopped. */
interface StopWish {
  readonly timeoutSeconds: number | undefined;
  readonly send: string | undefined;
  readonly signal: AbortSignal;
}

/**
 * Arguments and flags that `stop` and `restart` share; `act` is what becomes of each container, of one after the other or,
 * with `atOnce`, of all without waiting for each other's end.
 */
export function defineStopping(
  command: Command,
  context: CliContext,
  act: (containers: ContainerVerbs, name: string, wish: StopWish) => Promise<string | void>,
  { atOnce = false }: { readonly atOnce?: boolean } = {},
): void {
  command
    .argument('<container...>', 'names or IDs')
    .option('-s, --signal <signal>', 'what to send instead of its stop signal')
    .option('-t, --timeout <seconds>', 'seconds to wait before it is killed; -1 for ever')
    .addOption(command.createOption('--time <seconds>').hideHelp())
    .action(async (names: readonly string[], { signal: send, time, timeout = time }: StopFlags) => {
      const timeoutSeconds = timeout === undefined ? undefined : wholeNumber(command, '-t, --timeout', timeout);
      // As docker: empty is the same as not given.
      const wish = { timeoutSeconds, send: send || undefined, signal: context.signal };
      const { containers } = await context.engine();
      const begun = atOnce ? names.map(async (name) => act(containers, name, wish)) : [];
      const settled = Promise.allSettled(begun);
      let at = 0;
      try {
        await eachContainer(context, names, (name) => begun[at++] ?? act(containers, name, wish));
      } finally {
        await settled;
      }
    });
}
