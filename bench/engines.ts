import { join } from 'node:path';
import type { Arena, Contender } from './contest.ts';
import { podman, startDocker, strataIn } from './peers.ts';

/** Something that keeps images and runs containers, with a store of its own. */
export interface Engine extends Pick<Contender, 'name' | 'options' | 'group'> {
  /** The command line up to the verb. */
  readonly command: readonly string[];
  /** Gives room back that `rmi` leaves for later. */
  readonly clean?: readonly string[];
  /** Before the names of images that were loaded or built. */
  readonly prefix: string;
  /** The verb that removes containers that run, at once. */
  readonly remove: readonly string[];
}

/** Its own part of the environment. */
export const environmentOf = ({ options }: Pick<Contender, 'options'>): Readonly<Record<string, string>> => ({
  ...options?.env,
  // The builder that needs no plugin.
  DOCKER_BUILDKIT: '0',
});

/** Strata, docker and podman, as far as they are installed. */
export async function engines({ folder, atEnd }: Arena): Promise<Engine[]> {
  const ours = strataIn({ folder, atEnd });
  const clean = [...ours, 'builder', 'prune', '--all', '--force'];
  const found: Engine[] = [{ name: 'strata', command: ours, prefix: '', clean, remove: ['rm', '--force'] }];
  const docker = await startDocker(join(folder, 'docker'));
  if (docker) {
    atEnd.use(docker);
    const { command, group, version } = docker;
    const name = `docker ${version} (its daemon runs already)`;
    found.push({ name, command, group, prefix: '', remove: ['rm', '--force'] });
  }
  const pod = podman(join(folder, 'podman'));
  if (pod) {
    const { command, env } = pod;
    const remove = ['rm', '--force', '--time', '0'];
    found.push({ name: 'podman', command, options: { env }, prefix: 'localhost/', remove });
  }
  return found;
}
