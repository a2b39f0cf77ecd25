import type { ContainerVerbs } from '../../engine/index.ts';
import type { CliContext } from '../context.ts';

// Without SIGWINCH: sizes of the terminal are passed on separately.
const forwarded = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2', 'SIGCONT', 'SIGALRM'] as const;

/**
 * Forwards this process's signals to the container, in order, until disposal. The third SIGINT or SIGTERM ends the
 * command instead, and the container keeps running.
 */
export class SignalForwarding implements Disposable {
  readonly #containers: ContainerVerbs;
  readonly #id: string;
  #last: Promise<void> = Promise.resolve();

  constructor(context: CliContext, containers: ContainerVerbs, id: string) {
    this.#containers = containers;
    this.#id = id;
    for (const name of forwarded) process.on(name, this.#onSignal);
    context.handOverSignals();
  }

  [Symbol.dispose](): void {
    for (const name of forwarded) process.off(name, this.#onSignal);
  }

  readonly #onSignal = (name: NodeJS.Signals): void => {
    // A container that has just ended needs no signal.
    this.#last = this.#last.then(() => this.#containers.kill(this.#id, { send: name })).catch(() => undefined);
  };
}
