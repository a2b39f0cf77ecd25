import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { Loss } from './losses.ts';

/** An image in a file or a folder. */
export interface Archive {
  readonly form: 'docker-archive' | 'oci-archive' | 'oci';
  readonly path: string;
}

/** Name of the image in every archive. */
export const imageName = 'odd:1';

/** Another engine than Strata, with a store of its own in `folder`. */
export interface Peer extends AsyncDisposable {
  /**
   * Returns every entry of the image in an archive, as this engine unpacks it; undefined for forms it does not read.
   */
  read(archive: Archive): string[] | undefined;
  /** Makes an image of two layers: `baseTar`, and the changes of `makeChanges` where the engine shows the files. */
  make(baseTar: string): readonly Archive[];
  /** Losses in the layer that this engine makes of changes. */
  readonly losses: readonly Loss[];
  /** Losses in what it shows of any engine's image. */
  readonly shownOtherwise: readonly Loss[];
}

const fixture = join(import.meta.dirname, 'odd-tree.fixture.ts');

/** Line of shell that prints the listing of the folder in `$tree`. */
export const listInShell: string = `"${process.execPath}" "${fixture}" list "$tree"`;

/** Line of shell that changes the files in the folder in `$tree`. */
export const changeInShell: string = `"${process.execPath}" "${fixture}" change "$tree"`;

/** Runs a script in a mount namespace of its own, with which every mount goes; returns its standard output. */
export function shell(script: string, env: Readonly<Record<string, string>> = {}): string {
  return execFileSync('unshare', ['--mount', 'sh', '-euc', script], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
    maxBuffer: 1 << 26,
  }).trim();
}

/** Returns a listing as it is after these losses. */
export const applyLosses = (losses: readonly Loss[], listing: readonly string[]): string[] =>
  listing.map((line) => losses.reduce((left, { of }) => of(left), line));

export const parseListing = (text: string): string[] => JSON.parse(text) as string[];
