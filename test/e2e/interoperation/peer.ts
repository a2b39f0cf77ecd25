import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { Loss } from './losses.ts';

/** An image in a file or a folder. */
export interface Archive {
  readonly form: 'docker-archive' | 'oci-archive' | 'oci';
  readonly path: string;
}

/** The name of the image in every archive. */
export const imageName = 'odd:1';

/** An engine that is not Strata, with a store of its own in `folder`. */
export interface Peer extends AsyncDisposable {
  /** Every entry of the image in an archive, as this engine unpacks it; undefined for forms it does not know. */
  read(archive: Archive): string[] | undefined;
  /** An image of two layers: `baseTar`, and what `makeChanges` does where the engine shows the files. */
  make(baseTar: string): readonly Archive[];
  /** What the layer this engine makes of changes does not hold any more. */
  readonly losses: readonly Loss[];
  /** What it shows otherwise than it is, whoever made the image. */
  readonly shownOtherwise: readonly Loss[];
}

const fixture = join(import.meta.dirname, 'odd-tree.fixture.ts');

/** A line of shell that gives the listing of the folder in `$tree`. */
export const listInShell: string = `"${process.execPath}" "${fixture}" list "$tree"`;

/** A line of shell that changes what is in the folder in `$tree`. */
export const changeInShell: string = `"${process.execPath}" "${fixture}" change "$tree"`;

/** Runs a script in a mount namespace of its own, which takes every mount along; gives its standard output. */
export function shell(script: string, env: Readonly<Record<string, string>> = {}): string {
  return execFileSync('unshare', ['--mount', 'sh', '-euc', script], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
    maxBuffer: 1 << 26,
  }).trim();
}

/** What is left of a tree after these losses. */
export const after = (losses: readonly Loss[], listing: readonly string[]): string[] =>
  listing.map((line) => losses.reduce((left, { of }) => of(left), line));

export const parseListing = (text: string): string[] => JSON.parse(text) as string[];
