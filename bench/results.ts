import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { version } from './peers.ts';

const peers = ['tar', 'pigz', 'umoci', 'skopeo', 'buildah', 'podman', 'dockerd', 'runc'];
const mark = /^<!-- ([a-z0-9-]+) -->\n/m;

/**
 * Puts the sections of these contests into the file of results, in the place of what they had there; those of others
 * stay. Contests that are not in `order` any more go.
 */
export function mergeResults(file: string, sections: ReadonlyMap<string, string>, order: readonly string[]): void {
  // What a split by a pattern with one group gives: head, name, text, name, text…
  const [, ...standing] = existsSync(file) ? readFileSync(file, 'utf8').split(mark) : [];
  const all = new Map<string, string>();
  for (let at = 0; at + 1 < standing.length; at += 2) all.set(standing[at] ?? '', standing[at + 1] ?? '');
  for (const [name, text] of sections) all.set(name, text);
  const head = [
    '# Results',
    '',
    `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, kernel ${release()}, Node ${process.version}; a fresh journaled ext4 in a loop file for each run of the bench.`,
    `Peers: ${peers.map(version).join(' · ')}.`,
    '',
    'Ratios count, times do not: below 1 Strata is faster or smaller, and differences under a tenth are a tie. Where the',
    'load average is about the number of processors or more, the machine had other work, and what uses all processors',
    '(parallel gzip, unpacking) had less of them than it would have had alone: CPU says more than wall there.',
    '',
  ].join('\n');
  const body = order.flatMap((name) => {
    const text = all.get(name);
    return text === undefined ? [] : [`<!-- ${name} -->\n${text.trim()}\n`];
  });
  writeFileSync(file, [head, ...body].join('\n'));
}
