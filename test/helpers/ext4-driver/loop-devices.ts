import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';

interface Held {
  readonly device: string;
  /** Between its being set up and its being mounted nobody else lets the device go. */
  readonly fd: number;
}

/** Loop devices of files, each set up when it is first asked for; it goes with the last mount and the last holder. */
export class LoopDevices {
  readonly #held = new Map<string, Held>();

  /** The device of a file. */
  attach(file: string, { readOnly }: { readonly readOnly: boolean }): string {
    for (;;) {
      const { device, fd } = this.#held.get(file) ?? hold(file, readOnly);
      if (backingFileOf(device) === file) {
        this.#held.set(file, { device, fd });
        return device;
      }
      // Somebody let it go before we held it, or the file is another one now.
      closeSync(fd);
      this.#held.delete(file);
    }
  }

  /** Lets go of the device of a file. */
  detach(file: string): void {
    const held = this.#held.get(file);
    this.#held.delete(file);
    if (held !== undefined) closeSync(held.fd);
  }

  detachAll(): void {
    for (const file of this.#held.keys()) this.detach(file);
  }
}

function hold(file: string, readOnly: boolean): Held {
  // Another process may have set it up.
  const [standing] = losetup('--noheadings', '--output', 'NAME', '--associated', file).split('\n');
  if (standing) return { device: standing, fd: openSync(standing, 'r') };
  const flags = readOnly ? ['--read-only'] : [];
  const device = losetup(...flags, '--find', '--show', file).trim();
  const fd = openSync(device, 'r');
  // Of a device in use this means: when nobody uses it any more.
  losetup('--detach', device);
  return { device, fd };
}

const losetup = (...args: readonly string[]): string => execFileSync('losetup', args, { encoding: 'utf8' });

function backingFileOf(device: string): string | undefined {
  try {
    const name = readFileSync(`/sys/block/${basename(device)}/loop/backing_file`, 'utf8').trim();
    return name.replace(/ \(deleted\)$/, '');
  } catch {
    return undefined;
  }
}
