import { join } from 'node:path';
import type { Contender, ContestEntry } from '../contest.ts';
import { podman, program, setUp, startDocker, strata, strataIn } from '../peers.ts';

const build = ['build', '-t', 'hello-world', join(import.meta.dirname, '../../examples/hello-world')];
const run = ['run', '--rm', '--network', 'none'];

export const contests: readonly ContestEntry[] = [
  {
    name: 'run',
    prepare: async ({ folder, atEnd }) => {
      const ours = strataIn({ folder, atEnd });
      setUp([...ours, ...build]);
      const contenders: Contender[] = [{ name: 'strata', command: [...ours, ...run, 'hello-world'] }];
      const docker = await startDocker(join(folder, 'docker'));
      if (docker) {
        atEnd.use(docker);
        setUp([...docker.command, ...build], { DOCKER_BUILDKIT: '0' });
        contenders.push({
          name: `docker ${docker.version} (its daemon runs already)`,
          command: [...docker.command, ...run, 'hello-world'],
          group: docker.group,
        });
      }
      const pod = podman(join(folder, 'podman'));
      if (pod) {
        setUp([...pod.command, ...build], pod.env);
        contenders.push({
          name: 'podman',
          command: [...pod.command, ...run, 'localhost/hello-world'],
          options: { env: pod.env },
        });
      }
      return {
        title: '`run --rm --network none hello-world`',
        rules: 'The same static program of 1 kB, all by runc; CPU and memory of daemon, monitor and runtime included.',
        goal: '≤ 0.7× podman, ≤ 0.5× docker (wall)',
        contenders,
      };
    },
  },
  {
    name: 'start-up',
    prepare: () => ({
      title: 'Start-up of the built command',
      rules: '`--version` for all: no store is opened, no daemon asked.',
      goal: 'as near to bare Node as can be',
      contenders: [
        { name: 'strata', command: [...strata, '--version'] },
        { name: 'node -e 0', command: [process.execPath, '-e', '0'] },
        ...['podman', 'docker'].flatMap((name) => {
          const path = program(name);
          return path === undefined ? [] : [{ name, command: [path, '--version'] }];
        }),
      ],
    }),
  },
];
