import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readUserDatabases } from '../../images/user-databases.ts';
import { type ContainerOptions, createRuntimeSpec } from '../../oci-runtime/create-runtime-spec.ts';
import { formatRuntimeDocument } from '../../oci-runtime/format.ts';
import { resolveGroups, resolveUser } from '../../oci-runtime/user.ts';
import type { RunConfig } from '../../spec/config.ts';
import { RootedTree } from '../../sys/rooted-tree.ts';
import { makeMountTargets } from '../mounts/mount-targets.ts';
import { refuseUnsafeRoot } from './unsafe-root.ts';
import { refuseUnsafeUserFiles } from './unsafe-user-files.ts';

export interface DocumentContents {
  /** The image's config, or the container's own. */
  readonly image: RunConfig;
  readonly options: Omit<ContainerOptions, 'user' | 'rootPath'>;
  /** `user[:group]`, resolved inside the root; empty for root. */
  readonly user: string;
  /** Additional groups of the process, resolved likewise. */
  readonly groups?: readonly string[] | undefined;
}

/**
 * Writes the runtime's document into a bundle, once the root is mounted: users are looked up in the image's files, and
 * missing mount points are created. Throws ERR_ROOTFS_UNSAFE, ERR_USER_UNKNOWN, ERR_MOUNT_TARGET_UNSAFE and the errors
 * of `createRuntimeSpec`.
 */
export function writeDocument(directory: string, root: string, contents: DocumentContents): void {
  const { image, options, user, groups = [] } = contents;
  refuseUnsafeRoot(root);
  using tree = RootedTree.open(root);
  refuseUnsafeUserFiles(tree);
  const databases = readUserDatabases(tree);
  const spec = createRuntimeSpec(image, {
    ...options,
    user: resolveUser(user, databases),
    additionalGids: resolveGroups(groups, databases),
    rootPath: root,
  });
  const mounts = makeMountTargets(tree, spec.mounts);
  writeFileSync(join(directory, 'config.json'), formatRuntimeDocument({ ...spec, mounts }));
}
