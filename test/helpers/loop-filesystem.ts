import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { output } from './needs.ts';
import { unmount } from './unmount.ts';

/** A mounted filesystem in a file. Disposal unmounts and deletes it. */
export interface LoopFilesystem extends Disposable {
  readonly path: string;
}

/** Makes and mounts a filesystem by a program such as `mkfs.ext4` with its options. Needs root and loop devices. */
export function mountLoopFilesystem(
  make: readonly [string, ...string[]],
  options: { readonly megabytes?: number; readonly mountOptions?: string } = {},
): LoopFilesystem {
  const folder = mkdtempSync(join(tmpdir(), 'strata-loop-'));
  const [image, path] = [join(folder, 'image'), join(folder, 'mounted')];
  mkdirSync(path);
  writeFileSync(image, '');
  truncateSync(image, (options.megabytes ?? 64) * 1024 * 1024);
  const [program, ...parameters] = make;
  try {
    output(program, ...parameters, image);
    output('mount', '-o', ['loop', options.mountOptions ?? 'defaults'].join(','), image, path);
  } catch (error) {
    rmSync(folder, { recursive: true });
    throw error;
  }
  return {
    path,
    [Symbol.dispose]: () => {
      unmount(path);
      rmSync(folder, { recursive: true });
    },
  };
}
