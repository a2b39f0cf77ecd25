import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Contender, ContestEntry } from '../contest.ts';
import { bundleDriver } from '../drivers/bundle-driver.ts';
import {
  type ImageInput,
  makeImage,
  oneBigFile,
  scaleShapes,
  sixLayers,
  type TreeShape,
  tinyFiles,
} from '../inputs.ts';
import { program, removeTree } from '../peers.ts';

/** Returns a command line that runs the shell line for every layer, with its file in `$blob`. */
const forEachLayer = (input: ImageInput, line: string): string[] =>
  ['bash', '-ec', `set -o pipefail; for blob; do ${line}; done`, 'bash'].concat(input.layers.map(({ blob }) => blob));

async function contenders(input: ImageInput, folder: string): Promise<Contender[]> {
  const target = join(folder, 'target');
  const emptied = { before: () => mkdirSync(target), after: () => removeTree(target) };
  const layout = `${input.layout}:bench`;
  const store = `containers-storage:[overlay@${target}/root+${target}/run]localhost/bench`;
  const untar = `tar -xpf - -C ${target}`;
  return [
    {
      name: 'strata (digest, diffID, index)',
      command: [...(await bundleDriver('apply', folder)), join(input.layout, 'input.json'), target],
      ...emptied,
    },
    { name: 'pigz -d, tar (no digests)', command: forEachLayer(input, `pigz -dc "$blob" | ${untar}`), ...emptied },
    {
      name: 'pigz -d, tar, sha256sum (digest, diffID)',
      command: forEachLayer(input, `tee >(sha256sum >&2) <"$blob" | pigz -dc | tee >(sha256sum >&2) | ${untar}`),
      ...emptied,
    },
    ...(program('umoci')
      ? [
          {
            name: 'umoci raw unpack (digest, diffID)',
            command: ['umoci', 'raw', 'unpack', '--image', layout, join(target, 'rootfs')],
            ...emptied,
          },
        ]
      : []),
    ...(program('skopeo')
      ? [
          {
            name: 'skopeo into containers-storage (digest, diffID, tar-split, records)',
            command: ['skopeo', 'copy', '--insecure-policy', `oci:${layout}`, store],
            ...emptied,
          },
        ]
      : []),
  ];
}

const contest = (name: string, title: string, shapes: readonly TreeShape[]): ContestEntry => ({
  name,
  prepare: async ({ folder, scale }) => ({
    title,
    rules: 'From blobs of an OCI layout, gzip by GNU gzip, to files; nobody flushes.',
    goal: '≤ 1.0× CPU of pigz and tar, ≤ 0.5× umoci',
    contenders: await contenders(makeImage(folder, 'image', scaleShapes(shapes, scale)), folder),
  }),
});

export const contests: readonly ContestEntry[] = [
  contest('apply-six', 'Apply 6 layers, 700 MB, 58,000 files', sixLayers),
  contest('apply-big', 'Apply one file of 540 MB', oneBigFile),
  contest('apply-tiny', 'Apply 50,000 tiny files', tinyFiles),
];
