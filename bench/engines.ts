import { join } from 'node:path';
import type { Arena, Contender } from './contest.ts';
import { podman, startDocker, strataIn } from './peers.ts';

/** An engine that keeps images and runs containers, with its own store. */
export interface Engine extends Pick<Contender, 'name' | 'options' | 'group'> {
  /** The command line up to the verb. */
  readonly command: readonly string[];
  /** Command line that frees the space which `rmi` leaves for later. */
  readonly clean?: readonly string[];
  /** Prefix of the names of loaded and built images. */
  readonly prefix: string;
  /** Words of the verb that kills and removes running containers at once. */
  readonly remove: readonly string[];
}

/** Returns an engine's variables. */
export const environmentOf = ({ options }: Pick<Contender, 'options'>): Readonly<Record<string, string>> => ({
  ...options?.env,
  // The legacy builder needs no plugin.
  DOCKER_BUILDKIT: '0',
});

/** Returns the installed engines among Strata, docker and podman, and starts docker's daemon. */
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
