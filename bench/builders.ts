import { join } from 'node:path';
import type { Arena, Contender } from './contest.ts';
import { podman, setUp, startDocker, strataIn } from './peers.ts';

/** A builder with a store of its own. */
export interface Builder extends Pick<Contender, 'name' | 'options' | 'group'> {
  /** The command line up to the flags. */
  readonly build: readonly string[];
  /** Command lines that remove an image and all that is cached. */
  readonly forget: (image: string) => readonly (readonly string[])[];
}

/** Strata, both builders of a docker daemon, and podman, whose builder is buildah: those that are installed. */
export async function builders({ folder, atEnd }: Arena): Promise<Builder[]> {
  const ours = strataIn({ folder, atEnd });
  const prune = ['--all', '--force'];
  const found: Builder[] = [
    {
      name: 'strata',
      build: [...ours, 'build'],
      forget: (image) => [
        [...ours, 'rmi', image],
        [...ours, 'builder', 'prune', ...prune],
        [...ours, 'system', 'prune', '--force'],
      ],
    },
  ];
  const docker = await startDocker(join(folder, 'docker'));
  if (docker) {
    atEnd.use(docker);
    const { command, group, version } = docker;
    for (const [label, buildkit] of [
      ['BuildKit in docker', '1'],
      ['the legacy builder of docker', '0'],
    ] as const) {
      found.push({
        name: `${label} ${version} (its daemon runs already)`,
        build: [...command, 'build'],
        forget: (image) => [
          [...command, 'rmi', image],
          [...command, 'builder', 'prune', ...prune],
        ],
        group,
        options: { env: { DOCKER_BUILDKIT: buildkit } },
      });
    }
  }
  // It takes no longer a path than 50 characters.
  const pod = podman(join(folder, 'p'));
  if (pod) {
    found.push({
      name: 'podman (buildah inside)',
      build: [...pod.command, 'build', '--layers'],
      forget: () => [[...pod.command, 'rmi', '--all', '--force']],
      options: { env: pod.env },
    });
  }
  return found;
}

/** Runs command lines of a builder, with its environment; not measured. */
export function runFor({ options }: Builder, lines: readonly (readonly string[])[]): void {
  for (const line of lines) setUp(line, options?.env);
}

/** The part of a builder that a contest takes as it is. */
export const contenderOf = ({ name, options, group }: Builder): Pick<Contender, 'name' | 'options' | 'group'> => ({
  name,
  ...(options === undefined ? {} : { options }),
  ...(group === undefined ? {} : { group }),
});
