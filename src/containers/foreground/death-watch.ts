import { type ChildProcess, spawn } from 'node:child_process';
import { safeEnvironment } from '../../sys/run-program.ts';
import { globalArguments, type RuntimeLocation } from '../runtime/runtime-commands.ts';

// Several rounds, because a container whose runtime has just been started appears a moment later.
const script = `
ids=
while read -r id; do ids="$ids $id"; done
for round in 1 2 3 4 5; do
  for id in $ids; do [ ! -d "$0/$id" ] || "$@" delete --force "$id"; done
  sleep 0.2
done`;

/**
 * Ends containers when this process ends, even by SIGKILL: a small program waits for the end of its input and then ends
 * them. Disposal forgets them; they must have ended by then.
 */
export class DeathWatch implements Disposable {
  readonly #location: RuntimeLocation;
  #watcher: ChildProcess | undefined;

  constructor(location: RuntimeLocation) {
    this.#location = location;
  }

  /** Registers a container; call it before its runtime is started. */
  add(id: string): void {
    this.#watcher ??= watcherFor(this.#location);
    this.#watcher.stdin?.write(`${id}\n`);
  }

  [Symbol.dispose](): void {
    this.#watcher?.kill('SIGKILL');
    this.#watcher = undefined;
  }
}

function watcherFor(location: RuntimeLocation): ChildProcess {
  const watcher = spawn(
    '/bin/sh',
    ['-c', script, location.runtimeRoot, location.runtime, ...globalArguments(location)],
    {
      env: safeEnvironment,
      stdio: ['pipe', 'ignore', 'ignore'],
      // Keeps signals for the terminal's whole group away.
      detached: true,
    },
  );
  // Without the watcher the next command that builds, creates, starts or removes ends them (`endAbandonedSteps`).
  watcher.on('error', () => undefined);
  watcher.stdin?.on('error', () => undefined);
  watcher.unref();
  return watcher;
}
