import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { Contender, Contest, ContestEntry } from '../contest.ts';
import { podman, program, startDocker } from '../peers.ts';

const repository = join(import.meta.dirname, '../..');
const strata = [process.execPath, join(repository, 'dist/cli/strata.cjs')];
const context = join(repository, 'examples/hello-world');

const build = (command: readonly string[], ...extra: readonly string[]): void => {
  const [file, ...args] = [...command, 'build', ...extra, '-t', 'hello-world', context];
  execFileSync(file as string, args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DOCKER_BUILDKIT: '0' },
  });
};

export const runContests: readonly ContestEntry[] = [
  {
    name: 'run',
    prepare: async (folder: string, atEnd: AsyncDisposableStack): Promise<Contest> => {
      const root = join(folder, 'strata');
      const ours = [...strata, '--root', root];
      build(ours);
      const contenders: Contender[] = [
        { name: 'strata', command: [...ours, 'run', '--rm', '--network', 'none', 'hello-world'] },
      ];
      const docker = await startDocker(join(folder, 'docker'));
      if (docker) {
        atEnd.use(docker);
        build(docker.command);
        contenders.push({
          name: `docker (daemon warm) ${execFileSync(docker.command[0] as string, [...docker.command.slice(1), 'version', '-f', '{{.Server.Version}}'], { encoding: 'utf8' }).trim()}`,
          command: [...docker.command, 'run', '--rm', '--network', 'none', 'hello-world'],
          group: docker.group,
        });
      }
      const pod = podman(join(folder, 'podman'));
      if (pod) {
        build(pod);
        contenders.push({
          name: 'podman (runc)',
          command: [...pod, 'run', '--rm', '--network', 'none', 'localhost/hello-world'],
        });
      }
      return {
        name: 'run',
        title: '`run --rm --network none hello-world`',
        goal: '≤ 0.7× podman, ≤ 0.5× docker (wall)',
        contenders,
      };
    },
  },
  {
    name: 'start-up',
    prepare: (): Contest => ({
      name: 'start-up',
      title: 'Start-up: `version` of the built command',
      goal: 'bare Node plus as little as can be',
      contenders: [
        { name: 'strata --version', command: [...strata, '--version'] },
        { name: 'node -e 0', command: [process.execPath, '-e', '0'] },
        ...(program('podman') ? [{ name: 'podman --version', command: ['podman', '--version'] }] : []),
        ...(program('docker') ? [{ name: 'docker --version', command: ['docker', '--version'] }] : []),
      ],
    }),
  },
];
