import type { ChildProcess } from 'node:child_process';

const forwarded = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGCONT'] as const;

/**
 * Passes this process's signals on to the runtime, which passes them to the container's first process. Answers how to
 * end that. In a session we share with the runtime the terminal sends its interrupts to both: once is enough.
 */
export function forwardSignals(child: ChildProcess, isOwnSession: boolean): () => void {
  const handlers = forwarded.map((name) => {
    const isTerminals = !isOwnSession && (name === 'SIGINT' || name === 'SIGQUIT' || name === 'SIGWINCH');
    const handler = (): void => {
      if (!isTerminals) child.kill(name);
    };
    process.on(name, handler);
    return { name, handler };
  });
  return () => {
    for (const { name, handler } of handlers) process.off(name, handler);
  };
}
