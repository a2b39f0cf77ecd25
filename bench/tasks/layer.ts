import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Arena, Contender, Contest, ContestEntry } from '../contest.ts';
import { bundleDriver } from '../drivers/bundle-driver.ts';
import { makeTree, newLayer, scaleShapes } from '../inputs.ts';
import { program, removeTree, setUp } from '../peers.ts';

type Form = 'none' | 'gzip';

const copyTree = (from: string, to: string): void => cpSync(from, to, { recursive: true, preserveTimestamps: true });

/** Unpacks an empty image by umoci and copies the new files into its root; the repack is measured. */
function umociRepack(folder: string, tree: string): Contender[] {
  if (!program('umoci')) return [];
  const layout = join(folder, 'umoci-layout');
  const bundle = join(folder, 'umoci-bundle');
  return [
    {
      name: 'umoci repack (compares with the list of the unpacked tree)',
      command: ['umoci', 'repack', '--image', `${layout}:new`, bundle],
      before: () => {
        setUp(['umoci', 'init', '--layout', layout]);
        setUp(['umoci', 'new', '--image', `${layout}:base`]);
        setUp(['umoci', 'unpack', '--image', `${layout}:base`, bundle]);
        copyTree(tree, join(bundle, 'rootfs'));
      },
      after: () => {
        removeTree(layout);
        removeTree(bundle);
      },
    },
  ];
}

/** Makes an empty working container with the new files; its commit to an OCI layout is measured. */
function buildahCommit(folder: string, tree: string, form: Form): Contender[] {
  if (!program('buildah')) return [];
  const out = join(folder, 'buildah-oci');
  const store = join(folder, 'buildah');
  const buildah = ['buildah', `--root=${store}/root`, `--runroot=${store}/run`, '--storage-driver=overlay'];
  setUp([...buildah, 'from', '--name', 'bench', 'scratch']);
  setUp(['sh', '-ec', 'to=$("$@" mount bench); cp -a "$0"/. "$to"; "$@" umount bench', tree, ...buildah]);
  return [
    {
      name: 'buildah commit to an OCI layout',
      command: [...buildah, 'commit', `--disable-compression=${form === 'none'}`, 'bench', `oci:${out}:new`],
      after: () => removeTree(out),
    },
  ];
}

async function prepare(form: Form, { folder, scale }: Arena): Promise<Omit<Contest, 'title' | 'goal'>> {
  const tree = join(folder, 'tree');
  for (const shape of scaleShapes([newLayer], scale)) makeTree(tree, shape);
  const out = join(folder, 'out');
  const emptied = { before: () => mkdirSync(out), after: () => removeTree(out) };
  const tar = `tar -C ${tree} -cf - . | tee >(sha256sum >&2)`;
  const shell = form === 'none' ? `${tar} >${out}/layer.tar` : `${tar} | pigz -6 | tee ${out}/layer.tar.gz | sha256sum`;
  return {
    rules: `A tree on nothing becomes ${form === 'none' ? 'a tar' : 'a tar, gzip,'} in a file, hashed; nobody flushes.`,
    contenders: [
      {
        name: 'strata (and the layer index)',
        command: [...(await bundleDriver('layer', folder)), tree, out, form],
        ...emptied,
      },
      {
        name: form === 'none' ? 'tar, sha256sum' : 'tar, sha256sum, pigz, sha256sum',
        command: ['bash', '-ec', `set -o pipefail; ${shell}`],
        ...emptied,
      },
      ...(form === 'gzip' ? umociRepack(folder, tree) : []),
      ...buildahCommit(folder, tree, form),
    ],
  };
}

export const contests: readonly ContestEntry[] = [
  {
    name: 'layer-plain',
    prepare: async (arena) => ({
      title: 'Make a layer of 11,000 new files, uncompressed',
      goal: '≤ 1.0× buildah',
      ...(await prepare('none', arena)),
    }),
  },
  {
    name: 'layer-gzip',
    prepare: async (arena) => ({
      title: 'Make a layer of 11,000 new files, gzip',
      goal: '≤ 0.75× umoci and buildah',
      ...(await prepare('gzip', arena)),
    }),
  },
];
