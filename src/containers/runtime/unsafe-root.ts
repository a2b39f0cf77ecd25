import { StrataError } from '../../errors/index.ts';
import { RootedTree } from '../../sys/rooted-tree.ts';
import { statAtIfThere } from '../../sys/stat.ts';

// The runtime's own mount points: a symlink of the image there redirects those mounts (CVE-2019-19921, CVE-2023-27561,
// CVE-2025-31133 and similar).
const mountPoints = ['proc', 'sys', 'dev'] as const;

/** Refuses a root whose mount points for /proc, /sys or /dev are not directories. Throws ERR_ROOTFS_UNSAFE. */
export function refuseUnsafeRoot(directory: string): void {
  using tree = RootedTree.open(directory);
  for (const name of mountPoints) {
    const type = statAtIfThere(tree.fd, name)?.type;
    if (type === undefined || type === 'directory') continue;
    throw new StrataError({
      code: 'ERR_ROOTFS_UNSAFE',
      message: `image: /${name} is a ${type}, not a directory`,
      hint: 'Such an image can make the runtime write outside the container. Use another image.',
    });
  }
}
