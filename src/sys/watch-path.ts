import { type FSWatcher, watch } from 'node:fs';
import { type Errno, errnoOf } from './errno.ts';

// Gone, or as many watches or descriptors as the user may have.
const unwatchable: ReadonlySet<Errno | undefined> = new Set(['ENOENT', 'EMFILE', 'ENFILE', 'ENOSPC', 'ENOMEM']);

/**
 * Calls `onChange` whenever a file, or something in a folder, may have changed; in a folder with its name, where the kernel
 * gives one. Costs no thread. Returns undefined where nothing can be watched: the caller has to look by itself.
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
