import { type FSWatcher, watch } from 'node:fs';
import { type Errno, errnoOf } from './errno.ts';

// The path does not exist, or the user's limit of watches or descriptors is reached.
const unwatchable: ReadonlySet<Errno | undefined> = new Set(['ENOENT', 'EMFILE', 'ENFILE', 'ENOSPC', 'ENOMEM']);

/**
 * Calls `onChange` whenever a file, or an entry of a folder, may have changed; with the name of the entry if the kernel reports
 * it. Costs no thread. Returns undefined when the path cannot be watched, so that the caller has to poll.
 */
export function watchPath(path: string, onChange: (name: string | undefined) => void): Disposable | undefined {
  try {
    const watcher: FSWatcher = watch(path, { persistent: false }, (_event, name) => onChange(name ?? undefined));
    watcher.on('error', () => undefined);
    return { [Symbol.dispose]: () => watcher.close() };
  } catch (error) {
    if (unwatchable.has(errnoOf(error))) return undefined;
    throw error;
  }
}
