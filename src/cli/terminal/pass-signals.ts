import type { ContainerVerbs } from '../../engine/index.ts';
import type { CliContext } from '../context.ts';

// SIGWINCH is the terminal's, which has a way of its own.
const passed = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2', 'SIGCONT', 'SIGALRM'] as const;

/**
 * Signals that reach this process go to the container, in order, until disposal; the third interrupt or request to
 * terminate ends the command instead, and the container goes on.
 */
export class PassedSignals implements Disposable {
  readonly #containers: ContainerVerbs;
  readonly #id: string;
  #last: Promise<void> = Promise.resolve();

  constructor(context: CliContext, containers: ContainerVerbs, id: string) {
    this.#containers = containers;
    this.#id = id;
    for (const name of passed) process.on(name, this.#onSignal);
    context.handOverSignals();
  }

  [Symbol.dispose](): void {
    for (const name of passed) process.off(name, this.#onSignal);
  }

  readonly #onSignal = (name: NodeJS.Signals): void => {
    // One that has just ended needs none any more.
    this.#last = this.#last.then(() => this.#containers.kill(this.#id, { send: name })).catch(() => undefined);
  };
}
