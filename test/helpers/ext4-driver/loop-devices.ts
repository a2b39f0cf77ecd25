import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';

interface Held {
  readonly device: string;
  /** Keeps the device between its set-up and its mount: its last user releases it. */
  readonly fd: number;
}

/** Loop devices of files, each set up on first use and released with its last mount and its last holder. */
export class LoopDevices {
  readonly #held = new Map<string, Held>();

  /** Returns the device of a file, and holds it. */
  attach(file: string, { readOnly }: { readonly readOnly: boolean }): string {
    for (;;) {
      const { device, fd } = this.#held.get(file) ?? hold(file, readOnly);
      if (backingFileOf(device) === file) {
        this.#held.set(file, { device, fd });
        return device;
      }
      // The device was released before we held it, or the path names another file now.
      closeSync(fd);
      this.#held.delete(file);
    }
  }

  /** Releases the device of a file. */
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
  const [existing] = losetup('--noheadings', '--output', 'NAME', '--associated', file).split('\n');
  if (existing) return { device: existing, fd: openSync(existing, 'r') };
  const flags = readOnly ? ['--read-only'] : [];
  const device = losetup(...flags, '--find', '--show', file).trim();
  const fd = openSync(device, 'r');
  // The kernel detaches a device in use once its last user closes it.
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
