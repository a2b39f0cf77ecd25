import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';

/** Where everything of one store lies (docs/storage-on-disk.md). */
export interface StoreLayout {
  readonly root: string;
  readonly database: string;
  readonly content: string;
  readonly indexes: string;
  readonly snapshots: string;
  readonly containers: string;
  readonly locks: string;
  readonly trash: string;
  /** Bundles, sockets, exit files: gone after a reboot, each root its own. */
  readonly run: string;
}

/** The root to use: the option, `STRATA_ROOT`, else the system's place. */
export function chooseRoot(option: string | undefined, environment: NodeJS.ProcessEnv): string {
  return resolve(option ?? (environment['STRATA_ROOT'] || '/var/lib/strata'));
}

export function layoutOf(root: string): StoreLayout {
  return {
    root,
    database: join(root, 'strata.db'),
    content: join(root, 'content'),
    indexes: join(root, 'indexes'),
    snapshots: join(root, 'snapshots'),
    containers: join(root, 'containers'),
    locks: join(root, 'locks'),
    trash: join(root, 'trash'),
    // Made when asked for: loading the hash takes longer than many a command does.
    get run() {
      // Eight hex digits keep socket paths under the kernel's 107 bytes whatever the root's path is.
      return join('/run/strata', createHash('sha256').update(root).digest('hex').slice(0, 8));
    },
  };
}
