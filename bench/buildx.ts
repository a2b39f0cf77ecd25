import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A docker client that builds with BuildKit. */
export interface BuildxClient {
  readonly path: string;
  readonly env: Readonly<Record<string, string>>;
}

const pluginName = 'docker-buildx';

/**
 * Returns the first client that has the plugin buildx. An unpacked docker has the plugin beside itself, where its
 * client does not look; a configuration in `folder` then names that directory.
 */
export function findBuildx(clients: readonly string[], folder: string): BuildxClient | undefined {
  for (const path of clients) {
    if (hasBuildx(path, {})) return { path, env: {} };
    for (const plugins of ['../libexec/docker/cli-plugins', '../lib/docker/cli-plugins']) {
      const directory = join(dirname(path), plugins);
      if (!existsSync(join(directory, pluginName))) continue;
      const env = { DOCKER_CONFIG: join(folder, 'config') };
      mkdirSync(env.DOCKER_CONFIG, { recursive: true });
      writeFileSync(join(env.DOCKER_CONFIG, 'config.json'), JSON.stringify({ cliPluginsExtraDirs: [directory] }));
      if (hasBuildx(path, env)) return { path, env };
    }
  }
  return undefined;
}

function hasBuildx(client: string, env: BuildxClient['env']): boolean {
  try {
    execFileSync(client, ['buildx', 'version'], { stdio: 'ignore', env: { ...process.env, ...env } });
    return true;
  } catch {
    return false;
  }
}
