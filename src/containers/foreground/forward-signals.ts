import { constants } from 'node:os';
import { signalProcess } from '../../sys/process-identity.ts';
import type { StartedRuntime } from './foreground-job.ts';

const forwarded = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGCONT'] as const;

/**
 * Passes this process's signals on to the runtime, which passes them to the container's first process, until disposal. In
 * a session shared with the runtime the terminal sends its interrupts to both: once is enough. Main thread only.
 */
export function forwardSignals({ runtime, isOwnSession }: StartedRuntime): Disposable {
  const handlers = forwarded.map((name) => {
    const isTerminals = !isOwnSession && (name === 'SIGINT' || name === 'SIGQUIT' || name === 'SIGWINCH');
    const handler = (): void => {
      if (!isTerminals && runtime !== undefined) signalProcess(runtime, constants.signals[name]);
    };
    process.on(name, handler);
    return { name, handler };
  });
  return {
    [Symbol.dispose]: () => {
      for (const { name, handler } of handlers) process.off(name, handler);
    },
  };
}
