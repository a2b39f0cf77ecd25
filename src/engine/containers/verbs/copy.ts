import { decompress } from '../../../archive/index.ts';
import type { StrataError } from '../../../errors/index.ts';
import { markInputFailures } from '../../../images/caller-failures.ts';
import type { WriteBytes } from '../../../images/save/archive-writer.ts';
import type { AbortOptions } from '../../../lib/abort.ts';
import type { Store } from '../../../store/store.ts';
import { closeFd } from '../../../sys/fs-at.ts';
import { RootedTree } from '../../../sys/rooted-tree.ts';
import { type FileStat, statFd } from '../../../sys/stat.ts';
import { noteContainerEvent } from '../../events/note-container-event.ts';
import { archiveSource } from '../copy/archive-source.ts';
import { formatCopyPath, parseCopyPath } from '../copy/copy-path.ts';
import { findDestination, findDirectory } from '../copy/destination.ts';
import { copyNotFound, copyRefusal, createParentHint, destinationReadOnly } from '../copy/failures.ts';
import { copyFailure, hostFailure, mountedBelow, tryAgainHint, withHostFailures } from '../copy/host-failures.ts';
import { copyOntoHost, writeArchive } from '../copy/onto-host.ts';
import { findSource } from '../copy/source.ts';
import { unpackCopy } from '../copy/unpack-copy.ts';
import { type ContainerRoot, openRoot } from '../files/open-root.ts';
import { containerChanged, isConcurrentChange, readWhilePresent } from '../files/read-race.ts';

/** A copy out of a container. */
export interface CopyFromRequest extends AbortOptions {
  /** Source in the container, from its root. `/.` at the end means the content of a directory. */
  readonly path: string;
  /** Path on the host, or a function that receives the tar. */
  readonly to: string | WriteBytes;
  /** Follows a symlink at the end of `path`. Default false. */
  readonly followLink?: boolean | undefined;
  /** Keeps owners. Default false: everything belongs to the caller. */
  readonly keepOwners?: boolean | undefined;
}

/** A copy into a container. */
export interface CopyToRequest extends AbortOptions {
  /** Path on the host, or the bytes of a tar in any compression. */
  readonly from: string | AsyncIterable<Uint8Array>;
  /** Destination in the container, from its root. For a tar it must be an existing directory. */
  readonly path: string;
  /** Follows a symlink at the end of `from`. Default false. */
  readonly followLink?: boolean | undefined;
}

/**
 * Copies out of a container, running or not, by docker's naming rules. Returns the size of the tar in bytes. Throws
 * ERR_CONTAINER_NOT_FOUND, ERR_COPY_NOT_FOUND, ERR_COPY_REFUSED, ERR_CONTAINER_CHANGED, ERR_ARCHIVE_ENTRY, ERR_NO_SPACE.
 */
export async function copyFromContainer(store: Store, name: string, request: CopyFromRequest): Promise<number> {
  await using root = await openRoot(store, name, { write: false, signal: request.signal });
  const bytes = await readWhilePresent(store.metadata.containers, root.id, () => copyOut(root, name, request));
  await noteCopy(store, root.id, 'archive-path', request.path);
  return bytes;
}

async function noteCopy({ metadata }: Store, id: string, action: string, path: string): Promise<void> {
  const record = metadata.containers.get(id);
  if (record !== undefined) await noteContainerEvent(metadata, record, { action, attributes: { path } });
}

async function copyOut(
  root: ContainerRoot,
  name: string,
  { path, to, followLink = false, keepOwners = false, signal }: CopyFromRequest,
): Promise<number> {
  const from = parseCopyPath(path, '/');
  const missing = (): StrataError => notInContainer(formatCopyPath(from), name, 'Check the path in the container.');
  using source = findSource(root.tree, from, { followLink, missing });
  const onShrunk = (): Error => containerChanged(root.id, undefined);
  // As with docker, a copy of the root leaves out the kernel's filesystems.
  const emptied = isSame(source.stat, statFd(root.tree.fd)) ? kernelDirectories : [];
  if (typeof to !== 'string') {
    return await writeArchive(archiveSource(source, undefined, onShrunk, emptied), to, { signal });
  }
  const chunksOf = (as: Uint8Array | undefined): Iterable<Uint8Array> =>
    restateErrors(archiveSource(source, as, onShrunk, emptied), (error) =>
      isConcurrentChange(error) ? containerChanged(root.id, error) : error,
    );
  return await copyOntoHost({ ...describeSource(source), chunksOf }, to, { keepOwners, signal });
}

/**
 * Copies into a container, running or not, and keeps owners. A stopped one cannot start meanwhile. Throws as
 * {@link copyFromContainer}, ERR_COPY_MOUNTED and ERR_COPY_READ_ONLY.
 */
export async function copyToContainer(store: Store, name: string, request: CopyToRequest): Promise<number> {
  await using root = await openRoot(store, name, { write: true, signal: request.signal });
  try {
    const bytes = await copyIn(root, name, request);
    await noteCopy(store, root.id, 'extract-to-dir', request.path);
    return bytes;
  } catch (error) {
    throw isConcurrentChange(error) ? containerChanged(root.id, error, 'written') : error;
  }
}

async function copyIn(
  root: ContainerRoot,
  name: string,
  { from, path, followLink = false, signal }: CopyToRequest,
): Promise<number> {
  const to = parseCopyPath(path, '/');
  const unpack = async (chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>, fd: number): Promise<number> => {
    try {
      return await unpackCopy(chunks, fd, { mounted: mountedBelow(root.tree, fd, writeInsideHint), signal });
    } catch (error) {
      if (isConcurrentChange(error)) throw error;
      throw copyFailure(error, `/proc/self/fd/${fd}`, () => destinationReadOnly(mountNameOf(root.tree, fd), error));
    } finally {
      closeFd(fd);
    }
  };
  if (typeof from !== 'string') {
    const notDirectory = (): StrataError =>
      copyRefusal(
        `destination "${name}:${path}" must be a directory`,
        'Create that directory in the container first, or name an existing one.',
      );
    return await unpack(decompress(markInputFailures(from), { signal }), findDirectory(root.tree, to, notDirectory));
  }
  using host = RootedTree.open('/');
  const given = parseCopyPath(from, process.cwd());
  const missing = (): StrataError =>
    copyNotFound(`lstat ${formatCopyPath(given)}: no such file or directory`, 'Check the path on this machine.');
  using source = withHostFailures(from, () => findSource(host, given, { followLink, missing }));
  const found = findDestination(root.tree, to, describeSource(source), {
    missing: (folder) => notInContainer(folder, name, createParentHint),
    unfit: `destination "${name}:${path}" must be a directory or a regular file`,
  });
  const onShrunk = (): Error => copyRefusal(`${from}: became shorter while it was copied`, tryAgainHint);
  return await unpack(
    restateErrors(archiveSource(source, found.name, onShrunk), (error) => hostFailure(from, error)),
    found.fd,
  );
}

/** Rewords the errors of reading the source, which otherwise look like those of writing the destination. */
function* restateErrors<Chunk>(chunks: Iterable<Chunk>, restate: (error: unknown) => unknown): Generator<Chunk, void> {
  try {
    yield* chunks;
  } catch (error) {
    throw restate(error);
  }
}

const writeInsideHint = 'Write into it with a process in the container instead.';

const kernelDirectories = ['proc', 'sys', 'dev'];

const isSame = (one: FileStat, other: FileStat): boolean => one.ino === other.ino && isOnSame(one, other);

const isOnSame = (one: FileStat, other: FileStat): boolean =>
  one.deviceMajor === other.deviceMajor && one.deviceMinor === other.deviceMinor;

/** Returns docker's name for the filesystem of a directory in a container. */
function mountNameOf(tree: RootedTree, fd: number): string {
  return isOnSame(statFd(tree.fd), statFd(fd)) ? 'container rootfs' : 'mounted volume';
}

const describeSource = ({ name, stat }: ReturnType<typeof findSource>): Parameters<typeof findDestination>[2] => ({
  name,
  isDirectory: stat.type === 'directory',
});

const notInContainer = (path: string, name: string, hint: string): StrataError =>
  copyNotFound(`Could not find the file ${path} in container ${name}`, hint);
