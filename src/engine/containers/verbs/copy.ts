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
import { copyPath, shownPath } from '../copy/copy-path.ts';
import { findDestination, findDirectory } from '../copy/destination.ts';
import { copyImpossible, copyMissing, makeFolder, readOnly } from '../copy/failures.ts';
import { copyFailure, hostFailure, mountedBelow, onHost } from '../copy/host-failures.ts';
import { copyOntoHost, giveArchive } from '../copy/onto-host.ts';
import { findSource } from '../copy/source.ts';
import { unpackCopy } from '../copy/unpack-copy.ts';
import { type ContainerRoot, openRoot } from '../files/open-root.ts';
import { containerChanged, isChange, readStanding } from '../files/read-race.ts';

export interface CopyFromRequest extends AbortOptions {
  /** In the container, from its root. */
  readonly path: string;
  /** A path of the host's, or what takes the tar. */
  readonly to: string | WriteBytes;
  /** A symlink at the end of `path` is followed. */
  readonly followLink?: boolean | undefined;
  /** Owners come along; else all is the caller's. */
  readonly keepOwners?: boolean | undefined;
}

export interface CopyToRequest extends AbortOptions {
  /** A path of the host's, or a tar in whatever compression. */
  readonly from: string | AsyncIterable<Uint8Array>;
  /** In the container, from its root. */
  readonly path: string;
  /** A symlink at the end of `from` is followed. */
  readonly followLink?: boolean | undefined;
}

/**
 * Copies out of a container, running or not, by docker's rules of what becomes of the name. Answers the bytes of its tar.
 * Throws ERR_CONTAINER_NOT_FOUND, ERR_COPY_NOT_FOUND, ERR_COPY_REFUSED, ERR_CONTAINER_CHANGED, ERR_ARCHIVE_ENTRY,
 * ERR_NO_SPACE.
 */
export async function copyFromContainer(store: Store, name: string, request: CopyFromRequest): Promise<number> {
  await using root = await openRoot(store, name, { write: false, signal: request.signal });
  const bytes = await readStanding(store.metadata.containers, root.id, () => copyOut(root, name, request));
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
  const from = copyPath(path, '/');
  const missing = (): StrataError => notInContainer(shownPath(from), name);
  using source = findSource(root.tree, from, { followLink, missing });
  const torn = (): Error => containerChanged(root.id, undefined);
  // What is no file of the container's but the kernel's word on it is not among those below its root, as with docker.
  const kernels = isSame(source.stat, statFd(root.tree.fd)) ? kernelPlaces : [];
  if (typeof to !== 'string') return await giveArchive(archiveSource(source, undefined, torn, kernels), to, { signal });
  const chunksOf = (as: Uint8Array | undefined): Iterable<Uint8Array> =>
    naming(archiveSource(source, as, torn, kernels), (error) =>
      isChange(error) ? containerChanged(root.id, error) : error,
    );
  return await copyOntoHost({ ...described(source), chunksOf }, to, { keepOwners, signal });
}

/**
 * Copies into a container, running or not; owners are the source's. One that does not run does not start meanwhile. Throws
 * what {@link copyFromContainer} does, and ERR_COPY_READ_ONLY.
 */
export async function copyToContainer(store: Store, name: string, request: CopyToRequest): Promise<number> {
  await using root = await openRoot(store, name, { write: true, signal: request.signal });
  try {
    const bytes = await copyIn(root, name, request);
    await noteCopy(store, root.id, 'extract-to-dir', request.path);
    return bytes;
  } catch (error) {
    throw isChange(error) ? containerChanged(root.id, error, 'written') : error;
  }
}

async function copyIn(
  root: ContainerRoot,
  name: string,
  { from, path, followLink = false, signal }: CopyToRequest,
): Promise<number> {
  const to = copyPath(path, '/');
  const unpack = async (chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>, fd: number): Promise<number> => {
    try {
      return await unpackCopy(chunks, fd, { mounted: mountedBelow(root.tree, fd), signal });
    } catch (error) {
      if (isChange(error)) throw error;
      throw copyFailure(error, `/proc/self/fd/${fd}`, () => readOnly(mountOf(root.tree, fd), error));
    } finally {
      closeFd(fd);
    }
  };
  if (typeof from !== 'string') {
    const none = (): StrataError => copyImpossible(`destination "${name}:${path}" must be a directory`);
    return await unpack(decompress(markInputFailures(from), { signal }), findDirectory(root.tree, to, none));
  }
  using host = RootedTree.open('/');
  const given = copyPath(from, process.cwd());
  const missing = (): StrataError => copyMissing(`lstat ${shownPath(given)}: no such file or directory`);
  using source = onHost(from, () => findSource(host, given, { followLink, missing }));
  const found = findDestination(root.tree, to, described(source), {
    missing: (folder) => notInContainer(folder, name, makeFolder),
    unfit: `destination "${name}:${path}" must be a directory or a regular file`,
  });
  const torn = (): Error => copyImpossible(`${from}: became shorter while it was copied`);
  return await unpack(
    naming(archiveSource(source, found.name, torn), (error) => hostFailure(from, error)),
    found.fd,
  );
}

/** What is read, with an error of its own for what others did to the source meanwhile: those of the destination look alike. */
function* naming<Chunk>(chunks: Iterable<Chunk>, named: (error: unknown) => unknown): Generator<Chunk, void> {
  try {
    yield* chunks;
  } catch (error) {
    throw named(error);
  }
}

const kernelPlaces = ['proc', 'sys', 'dev'];

const isSame = (one: FileStat, other: FileStat): boolean => one.ino === other.ino && isOnSame(one, other);

const isOnSame = (one: FileStat, other: FileStat): boolean =>
  one.deviceMajor === other.deviceMajor && one.deviceMinor === other.deviceMinor;

/** Docker's word for the filesystem that a directory of a container is on. */
function mountOf(tree: RootedTree, fd: number): string {
  return isOnSame(statFd(tree.fd), statFd(fd)) ? 'container rootfs' : 'mounted volume';
}

const described = ({ name, stat }: ReturnType<typeof findSource>): Parameters<typeof findDestination>[2] => ({
  name,
  isDirectory: stat.type === 'directory',
});

const notInContainer = (path: string, name: string, hint?: string): StrataError =>
  copyMissing(`Could not find the file ${path} in container ${name}`, hint);
