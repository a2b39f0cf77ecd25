import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { version } from './peers.ts';

const peers = ['tar', 'pigz', 'umoci', 'skopeo', 'buildah', 'podman', 'dockerd', 'runc'];
const mark = /^<!-- ([a-z0-9-]+) -->\n/m;

/**
 * Writes the sections of these contests into the file of results, in place of their old sections. Sections of other
 * contests stay; those of contests no longer in `order` are removed.
 */
export function mergeResults(file: string, sections: ReadonlyMap<string, string>, order: readonly string[]): void {
  // A split by a pattern with one group returns head, name, text, name, text…
  const [, ...existing] = existsSync(file) ? readFileSync(file, 'utf8').split(mark) : [];
  const all = new Map<string, string>();
  for (let at = 0; at + 1 < existing.length; at += 2) all.set(existing[at] ?? '', existing[at + 1] ?? '');
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
