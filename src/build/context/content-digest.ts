import { createHash, type Hash } from 'node:crypto';
import { readSync } from 'node:fs';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { StrataError } from '../../errors/index.ts';
import { displayBytes } from '../../lib/bytes.ts';
import { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } from '../../sys/constants.ts';
import { readFullyAt } from '../../sys/fd-io.ts';
import { closeFd, openAt, readlinkAt } from '../../sys/fs-at.ts';
import type { FileStat } from '../../sys/stat.ts';
import { getXattrAt, getXattrFd, listXattrsAt, listXattrsFd } from '../../sys/xattr.ts';
import type { BuildContext, ContextEntry, ContextSource } from './build-context.ts';
import { stillThere } from './context-changed.ts';
import { type ContextStamps, contextPath, stampOf } from './context-stamps.ts';

// Between two looks at the signal the thread works on this many entries, or pieces of a file.
const batch = 64;
const chunk = Buffer.allocUnsafe(1 << 20);

/**
 * What of a context's xattrs a COPY takes along. `security.selinux` and the like belong to the machine, and
 * `user.overlay.` would be orders to a rootless overlay.
 */
export const isCopiedXattr = (name: string): boolean =>
  name === 'security.capability' || (name.startsWith('user.') && !name.startsWith('user.overlay.'));

/**
 * A digest over what a COPY would take from the context: paths, types, modes, contents, link targets, xattrs. Times
 * and owners do not enter: neither is copied as it is, or says that bytes changed. `stamps` is told every entry. Throws
 * ERR_CONTEXT_CHANGED, ERR_CONTEXT_SPECIAL_FILE.
 */
export async function contentDigest(
  context: BuildContext,
  sources: readonly ContextSource[],
  stamps: ContextStamps,
  signal: AbortSignal,
): Promise<string> {
  const hash = createHash('sha256').update('context-v3\n');
  let count = 0;
  for (const source of sources) {
    addField(hash, source.isDirectory ? 'tree' : 'file', source.name);
    for (const entry of context.walk(source)) {
      if (++count % batch === 0) {
        await setImmediate();
        signal.throwIfAborted();
      }
      const path = contextPath(source, entry.path);
      const stamp = stampOf(entry.stat);
      const known = entry.stat.type === 'file' ? context.digests?.find(path, stamp) : undefined;
      if (known === undefined && mayChangeUnseen(entry.stat)) await setTimeout(2 * tickMs, undefined, { signal });
      stamps.note(path, stamp);
      // A socket is nothing without the process behind it: it is not copied, as with docker.
      if (entry.stat.type === 'socket') continue;
      addEntry(hash, entry);
      if (entry.stat.type !== 'file') continue;
      const digest = known ?? smallFileDigest(entry) ?? (await fileDigest(entry, signal));
      if (known === undefined) context.digests?.put(path, stamp, digest, entry.stat);
      hash.update(digest);
    }
  }
  return `sha256:${hash.digest('hex')}`;
}

// Two changes within one tick have the same time before Linux 6.13, and on some filesystems still: 10 ms with HZ=100.
const tickMs = 10;

/** Whether a change in this moment would leave no trace. What is read after the tick is over is changed with a trace. */
function mayChangeUnseen({ type, ctime }: FileStat): boolean {
  const age = Date.now() - (ctime.seconds * 1000 + ctime.nanoseconds / 1e6);
  return type !== 'directory' && Math.abs(age) <= tickMs;
}

// Lengths stand before values, so that no two lists of fields give the same bytes.
function addField(hash: Hash, label: string, value: Uint8Array | string): void {
  hash.update(`${label} ${Buffer.byteLength(value)}:`).update(value);
}

function addEntry(hash: Hash, entry: ContextEntry): void {
  const { dirFd, name, stat, path } = entry;
  addField(hash, 'path', path);
  addField(hash, 'mode', `${stat.type} ${stat.permissions.toString(8)}`);
  // A file's are read where its content is.
  if (stat.type !== 'file') stillThere(path, () => addXattrs(hash, entry));
  switch (stat.type) {
    case 'directory':
    case 'fifo':
    case 'file':
    case 'socket':
      return;
    case 'symlink': {
      const target = stillThere(path, () => readlinkAt(dirFd, name));
      return addField(hash, 'target', target);
    }
    case 'block-device':
    case 'character-device':
    case 'unknown':
      throw refuseSpecial(entry);
  }
}

function addXattrs(hash: Hash, { dirFd, name }: ContextEntry): void {
  for (const attribute of listXattrsAt(dirFd, name).filter(isCopiedXattr).sort()) {
    addField(hash, 'xattr', attribute);
    addField(hash, 'value', getXattrAt(dirFd, name, attribute) ?? '');
  }
}

const smallBytes = chunk.length - 1;

/** {@link fileDigest} of a file that one call reads, as nearly all are; undefined for one that has changed its size. */
function smallFileDigest(entry: ContextEntry): string | undefined {
  const { size } = entry.stat;
  if (size > smallBytes) return undefined;
  const fd = openFile(entry);
  try {
    const hash = fileHash(fd);
    // Asked for a byte more than there should be, the kernel answers in one call whether there is.
    if (readSync(fd, chunk, 0, size + 1, 0) !== size) return undefined;
    return hash.update(chunk.subarray(0, size)).digest('hex');
  } finally {
    closeFd(fd);
  }
}

/** A digest over a file's xattrs and content. */
async function fileDigest(entry: ContextEntry, signal: AbortSignal): Promise<string> {
  const fd = openFile(entry);
  try {
    const hash = fileHash(fd);
    for (let offset = 0; ; ) {
      const length = readFullyAt(fd, chunk, offset);
      hash.update(chunk.subarray(0, length));
      offset += length;
      if (length < chunk.length) return hash.digest('hex');
      if (offset % (batch * chunk.length) !== 0) continue;
      await setImmediate();
      signal.throwIfAborted();
    }
  } finally {
    closeFd(fd);
  }
}

const openFile = ({ dirFd, name, path }: ContextEntry): number =>
  stillThere(path, () => openAt(dirFd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));

function fileHash(fd: number): Hash {
  const hash = createHash('sha256');
  for (const attribute of listXattrsFd(fd).filter(isCopiedXattr).sort()) {
    addField(hash, 'xattr', attribute);
    addField(hash, 'value', getXattrFd(fd, attribute) ?? '');
  }
  hash.update('content:');
  return hash;
}

export const refuseSpecial = ({ path, name, stat }: ContextEntry): StrataError =>
  new StrataError({
    kind: 'invalid-argument',
    code: 'ERR_CONTEXT_SPECIAL_FILE',
    message: `build context: ${displayBytes(path.length > 0 ? path : name)} is a ${stat.type}`,
    hint: 'Exclude it in .dockerignore: only files, folders, symlinks and fifos can be copied into an image.',
  });
