import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Contender, Contest, ContestEntry } from '../contest.ts';
import { makeTree, newLayer } from '../inputs.ts';
import { program, removeTree } from '../peers.ts';

const driver = join(import.meta.dirname, '../drivers/layer.ts');

function prepareTree(folder: string): string {
  const tree = join(folder, 'new-layer');
  if (!existsSync(tree)) makeTree(tree, newLayer);
  return tree;
}

/** An empty image unpacked by umoci, with the new files laid into its rootfs. */
function umociBundle(folder: string, tree: string): Contender | undefined {
  if (!program('umoci')) return undefined;
  const layout = join(folder, 'umoci-layout');
  const bundle = join(folder, 'umoci-bundle');
  return {
    name: 'umoci repack (gzip)',
    command: ['umoci', 'repack', '--image', `${layout}:new`, bundle],
    before: () => {
      removeTree(layout);
      removeTree(bundle);
      execFileSync('umoci', ['init', '--layout', layout]);
      execFileSync('umoci', ['new', '--image', `${layout}:base`]);
      execFileSync('umoci', ['unpack', '--image', `${layout}:base`, bundle]);
      cpSync(tree, join(bundle, 'rootfs'), { recursive: true, preserveTimestamps: true });
    },
  };
}

function buildahCommit(folder: string, tree: string, gzip: boolean): Contender | undefined {
  if (!program('buildah')) return undefined;
  const store = [
    '--root',
    join(folder, 'buildah/root'),
    '--runroot',
    join(folder, 'buildah/run'),
    '--storage-driver',
    'overlay',
  ];
  const out = join(folder, 'buildah-oci');
  const buildah = (...args: string[]): string =>
    execFileSync('buildah', [...store, ...args], { encoding: 'utf8' }).trim();
  return {
    name: `buildah commit to oci (${gzip ? 'gzip' : 'uncompressed'})`,
    command: ['buildah', ...store, 'commit', '--disable-compression=' + String(!gzip), 'bench', `oci:${out}:new`],
    before: () => {
      removeTree(out);
      if (buildah('containers', '-q') === '') {
        buildah('from', '--name', 'bench', 'scratch');
        cpSync(tree, buildah('mount', 'bench'), { recursive: true, preserveTimestamps: true });
        buildah('umount', 'bench');
      }
    },
  };
}

const present = (...contenders: (Contender | undefined)[]): Contender[] => contenders.filter((it) => it !== undefined);

export const layerContests: readonly ContestEntry[] = [
  {
    name: 'layer-plain',
    prepare: (folder: string): Contest => {
      const tree = prepareTree(folder);
      const out = join(folder, 'layer-out');
      const emptied = { before: () => mkdirSync(out, { recursive: true }), after: () => removeTree(out) };
      return {
        name: 'layer-plain',
        title: 'Layer of 11,000 new files, uncompressed',
        goal: 'commit ≤ 1.0× docker 20.10 and buildah',
        contenders: present(
          { name: 'strata (index, diffID, tar)', command: [process.execPath, driver, tree, out, 'none'], ...emptied },
          {
            name: 'tar + sha256sum',
            command: ['/bin/sh', '-ec', `tar -C ${tree} -cf - . | tee ${out}/layer.tar | sha256sum`],
            ...emptied,
          },
          buildahCommit(folder, tree, false),
        ),
      };
    },
  },
  {
    name: 'layer-gzip',
    prepare: (folder: string): Contest => {
      const tree = prepareTree(folder);
      const out = join(folder, 'layer-out');
      const emptied = { before: () => mkdirSync(out, { recursive: true }), after: () => removeTree(out) };
      return {
        name: 'layer-gzip',
        title: 'Layer of 11,000 new files, gzip level 6',
        goal: '≤ 0.75× umoci and buildah',
        contenders: present(
          { name: 'strata (index, diffID, gzip)', command: [process.execPath, driver, tree, out, 'gzip'], ...emptied },
          {
            name: 'tar + pigz -6 + sha256sum',
            command: ['/bin/sh', '-ec', `tar -C ${tree} -cf - . | pigz -6 | tee ${out}/layer.tar.gz | sha256sum`],
            ...emptied,
          },
          umociBundle(folder, tree),
          buildahCommit(folder, tree, true),
        ),
      };
    },
  },
];
