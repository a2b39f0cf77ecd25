import { join } from 'node:path';
import type { Arena, Contender, ContestEntry } from '../contest.ts';
import { makeDockerArchive, makeImage, scaleShapes, sixLayers } from '../inputs.ts';
import { podman, program, removeTree, setUp, startDocker, strata } from '../peers.ts';

interface Engine extends Pick<Contender, 'name' | 'options' | 'group'> {
  readonly command: readonly string[];
  /** Name of the loaded image. */
  readonly image: string;
  /** Command line that frees the space which `rmi` leaves for later, so that the next run does not pay for it. */
  readonly clean?: readonly string[];
}

const archiveName = 'image.tar';
const env = ({ options }: Engine): Readonly<Record<string, string>> | undefined => options?.env;

async function engines({ folder, atEnd }: Arena): Promise<Engine[]> {
  const ours = [...strata, '--root', join(folder, 'strata')];
  const found: Engine[] = [
    { name: 'strata', command: ours, image: 'bench', clean: [...ours, 'system', 'prune', '--force'] },
  ];
  const docker = await startDocker(join(folder, 'docker'));
  if (docker) {
    atEnd.use(docker);
    const { command, group, version } = docker;
    found.push({ name: `docker ${version} (its daemon runs already)`, command, group, image: 'bench' });
  }
  const pod = podman(join(folder, 'podman'));
  if (pod) found.push({ name: 'podman', command: pod.command, options: { env: pod.env }, image: 'localhost/bench' });
  return found;
}

function archive({ folder, scale }: Arena): string {
  const image = makeImage(folder, 'image', scaleShapes(sixLayers, scale));
  const file = join(folder, archiveName);
  makeDockerArchive(file, image, 'bench:latest');
  removeTree(image.layout);
  return file;
}

function loading(file: string, engine: Engine): Contender {
  const { command, image, clean, ...rest } = engine;
  return {
    ...rest,
    command: [...command, 'load', '--quiet', '--input', file],
    after: () => {
      setUp([...command, 'rmi', image], env(engine));
      if (clean) setUp(clean, env(engine));
    },
  };
}

function skopeoLoading(file: string, folder: string): Contender[] {
  if (!program('skopeo')) return [];
  const store = join(folder, 'skopeo');
  const target = `containers-storage:[overlay@${store}/root+${store}/run]localhost/bench`;
  return [
    {
      name: 'skopeo copy into containers-storage',
      command: ['skopeo', 'copy', '--quiet', '--insecure-policy', `docker-archive:${file}`, target],
      after: () => removeTree(store),
    },
  ];
}

function saving(folder: string, engine: Engine): Contender {
  const { clean: _, command, image, ...rest } = engine;
  const out = join(folder, `${engine.name.replace(/ .*/, '')}-saved.tar`);
  setUp([...command, 'load', '--quiet', '--input', join(folder, archiveName)], env(engine));
  return { ...rest, command: [...command, 'save', '--output', out, image], after: () => removeTree(out) };
}

const image = '6 layers, 700 MB, 58,000 files';

export const contests: readonly ContestEntry[] = [
  {
    name: 'load',
    prepare: async (arena) => {
      const file = archive(arena);
      const contenders = (await engines(arena)).map((engine) => loading(file, engine));
      return {
        title: `\`load\` of ${image}`,
        rules: 'From an uncompressed docker-archive in a file, made by GNU tar; each flushes what it flushes.',
        goal: '≤ 0.6× podman',
        contenders: [...contenders, ...skopeoLoading(file, arena.folder)],
      };
    },
  },
  {
    name: 'save',
    prepare: async (arena) => {
      archive(arena);
      return {
        title: `\`save\` of ${image}`,
        rules: 'Into an uncompressed docker-archive in a file, from an image that `load` brought into each store.',
        goal: '≤ 0.8× podman',
        contenders: (await engines(arena)).map((engine) => saving(arena.folder, engine)),
      };
    },
  },
];
