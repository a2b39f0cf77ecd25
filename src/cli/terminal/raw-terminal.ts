import { errnoOf } from '../../sys/errno.ts';
import { makeRaw } from '../../sys/raw-terminal.ts';

// What ends the process without a word from us; an interrupt and a request to terminate are the command's own affair.
const fatal = ['SIGHUP', 'SIGQUIT', 'SIGABRT', 'SIGALRM', 'SIGUSR1', 'SIGUSR2'] as const;

/**
 * A terminal that passes on every key as it is, until disposal. It is as it was also when the process ends before that, by
 * itself (Node sees to that) or by any signal but SIGKILL.
 */
export class RawTerminal implements Disposable {
  readonly #fd: number;
  #giveBack: () => void = () => {
    // Nothing was taken yet.
  };

  constructor(fd: number) {
    this.#fd = fd;
    // First, so that no signal finds a raw terminal that nobody gives back.
    for (const name of fatal) process.on(name, this.#onFatal);
    process.on('SIGCONT', this.#onContinued);
    try {
      this.#giveBack = makeRaw(fd);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    for (const name of fatal) process.off(name, this.#onFatal);
    process.off('SIGCONT', this.#onContinued);
    try {
      this.#giveBack();
    } catch (error) {
      // A terminal that was closed, or hung up.
      if (errnoOf(error) !== 'EIO' && errnoOf(error) !== 'ENOTTY') throw error;
    }
  }

  readonly #onFatal = (name: NodeJS.Signals): void => {
    // Somebody passes it on to the container.
    if (process.listenerCount(name) > 1) return;
    this[Symbol.dispose]();
    process.kill(process.pid, name);
  };

  // While we were stopped the shell has given the terminal the settings that it wants.
  readonly #onContinued = (): void => {
    this.#giveBack = makeRaw(this.#fd);
  };
}
