import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Contender, Contest, ContestEntry } from '../contest.ts';
import { type ImageInput, makeImage, oneBigFile, sixLayers, type TreeShape, tinyFiles } from '../inputs.ts';
import { program, removeTree } from '../peers.ts';

const driver = join(import.meta.dirname, '../drivers/apply.ts');

function contenders(input: ImageInput, folder: string): Contender[] {
  const target = join(folder, 'target');
  const emptied = { before: () => mkdirSync(target, { recursive: true }), after: () => removeTree(target) };
  const list: Contender[] = [
    { name: 'strata', command: [process.execPath, driver, join(input.layout, 'input.json'), target], ...emptied },
    {
      name: 'pigz -d + GNU tar (no digests)',
      command: [
        '/bin/sh',
        '-ec',
        input.layers.map((layer) => `pigz -dc ${layer.blob} | tar -xpf - -C ${target}`).join('\n'),
      ],
      ...emptied,
    },
  ];
  if (program('umoci')) {
    list.push({
      name: 'umoci',
      command: ['umoci', 'unpack', '--image', `${input.layout}:bench`, join(target, 'bundle')],
      ...emptied,
    });
  }
  if (program('skopeo')) {
    const store = `containers-storage:[overlay@${target}/root+${target}/run]localhost/bench`;
    list.push({
      name: 'skopeo to containers-storage',
      command: ['skopeo', 'copy', '--insecure-policy', `oci:${input.layout}:bench`, store],
      ...emptied,
    });
  }
  return list;
}

const contest = (name: string, title: string, shapes: readonly TreeShape[]): ContestEntry => ({
  name,
  prepare: (folder: string): Contest => {
    const input = makeImage(folder, name, shapes);
    return { name, title, goal: '≤ 1.0× CPU of pigz + tar, ≤ 0.5× umoci', contenders: contenders(input, folder) };
  },
});

export const applyContests: readonly ContestEntry[] = [
  contest('apply-six', 'Apply: 6 layers, 700 MB, 58,000 files', sixLayers),
  contest('apply-big', 'Apply: one file of 540 MB', oneBigFile),
  contest('apply-tiny', 'Apply: 50,000 tiny files', tinyFiles),
];
