import { errnoOf } from '../../sys/errno.ts';
import { setRawMode } from '../../sys/set-raw-mode.ts';

// Signals that would end the process without a handler. The command itself handles SIGINT and SIGTERM.
const fatal = ['SIGHUP', 'SIGQUIT', 'SIGABRT', 'SIGALRM', 'SIGUSR1', 'SIGUSR2'] as const;

/**
 * A terminal in raw mode until disposal. The mode is also restored when the process ends before that, by itself (Node
 * does it) or by any signal but SIGKILL.
 */
export class RawTerminal implements Disposable {
  readonly #fd: number;
  #restore: () => void = () => {
    // Raw mode is not set yet.
  };

  constructor(fd: number) {
    this.#fd = fd;
    // Before raw mode is set, so that no signal can leave the terminal raw.
    for (const name of fatal) process.on(name, this.#onFatal);
    process.on('SIGCONT', this.#onContinued);
    try {
      this.#restore = setRawMode(fd);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    for (const name of fatal) process.off(name, this.#onFatal);
    process.off('SIGCONT', this.#onContinued);
    try {
      this.#restore();
    } catch (error) {
      // The terminal was closed, or has hung up.
      if (errnoOf(error) !== 'EIO' && errnoOf(error) !== 'ENOTTY') throw error;
    }
  }

  readonly #onFatal = (name: NodeJS.Signals): void => {
    // Another listener forwards it to the container.
    if (process.listenerCount(name) > 1) return;
    this[Symbol.dispose]();
    process.kill(process.pid, name);
  };

  // While the process was stopped, the shell has set the terminal to its own mode.
  readonly #onContinued = (): void => {
    this.#restore = setRawMode(this.#fd);
  };
}
