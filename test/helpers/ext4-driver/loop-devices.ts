import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { output } from '../needs.ts';

/** Loop devices of files, each set up when it is first asked for. */
export class LoopDevices {
  readonly #devices = new Map<string, string>();

  /** The device of a file. */
  attach(file: string, { readOnly }: { readonly readOnly: boolean }): string {
    const known = this.#devices.get(file);
    if (known !== undefined && backingFileOf(known) === file) return known;
    // Another process may have set it up.
    const [standing] = output('losetup', '--noheadings', '--output', 'NAME', '--associated', file).split('\n');
    const flags = readOnly ? ['--read-only'] : [];
    const device = standing || output('losetup', ...flags, '--find', '--show', file).trim();
    this.#devices.set(file, device);
    return device;
  }

  /** Lets the device of a file go: at once, or when its last mount is gone. */
  detach(file: string): void {
    const device = this.#devices.get(file);
    this.#devices.delete(file);
    if (device !== undefined && backingFileOf(device) === file) output('losetup', '--detach', device);
  }

  detachAll(): void {
    for (const file of this.#devices.keys()) this.detach(file);
  }
}

function backingFileOf(device: string): string | undefined {
  try {
    const name = readFileSync(`/sys/block/${basename(device)}/loop/backing_file`, 'utf8').trim();
    return name.replace(/ \(deleted\)$/, '');
  } catch {
    return undefined;
  }
}
