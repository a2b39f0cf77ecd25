import { join } from 'node:path';
import type { Arena, Contender } from './contest.ts';
import { podman, setUp, startDocker, strataIn } from './peers.ts';

/** A builder with its own store. */
export interface Builder extends Pick<Contender, 'name' | 'options' | 'group' | 'missing'> {
  /** The command line up to the flags. */
  readonly build: readonly string[];
  /** Command lines that remove an image and all that is cached. */
  readonly forget: (image: string) => readonly (readonly string[])[];
}

/** Returns the installed builders: Strata, both builders of a docker daemon, and podman (buildah). */
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
    const { group, version, buildx } = docker;
    const builder = (label: string, command: readonly string[], env: Readonly<Record<string, string>>): Builder => ({
      name: `${label} ${version} (its daemon runs already)`,
      build: [...command, 'build'],
      forget: (image) => [
        [...command, 'rmi', image],
        [...command, 'builder', 'prune', ...prune],
      ],
      group,
      options: { env },
    });
    const { command, env } = buildx ?? { command: docker.command, env: {} };
    found.push(
      {
        ...builder('BuildKit in docker', command, { ...env, DOCKER_BUILDKIT: '1' }),
        ...(buildx === undefined ? { missing: noBuildx(docker.command[0]) } : {}),
      },
      builder('the legacy builder of docker', docker.command, { DOCKER_BUILDKIT: '0' }),
    );
  }
  // Podman refuses a path of more than 50 characters for its run state.
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

const noBuildx = (client = 'docker'): string =>
  `${client} has no plugin buildx: install it (Debian: docker-buildx), or name a client that has it in STRATA_BENCH_DOCKER`;

/** Runs command lines of a builder with its environment, unmeasured. A builder that cannot take part is skipped. */
export function runFor({ options, missing }: Builder, lines: readonly (readonly string[])[]): void {
  if (missing !== undefined) return;
  for (const line of lines) setUp(line, options?.env);
}

/** Returns the fields of a builder that a contest takes unchanged. */
export const contenderOf = ({
  name,
  options,
  group,
  missing,
}: Builder): Pick<Contender, 'name' | 'options' | 'group' | 'missing'> => ({
  name,
  ...(missing === undefined ? {} : { missing }),
  ...(options === undefined ? {} : { options }),
  ...(group === undefined ? {} : { group }),
});
