import { createHash, type Hash } from 'node:crypto';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { StrataError } from '../../errors/index.ts';
import { displayBytes } from '../../lib/bytes.ts';
import { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } from '../../sys/constants.ts';
import { readFullyAt } from '../../sys/fd-io.ts';
import { closeFd, openAt, readlinkAt } from '../../sys/fs-at.ts';
import type { FileStat } from '../../sys/stat.ts';
import { getXattrAt, listXattrsAt } from '../../sys/xattr.ts';
import type { BuildContext, ContextEntry, ContextSource } from './build-context.ts';
import { stillThere } from './context-changed.ts';
import type { ContextStamps } from './context-stamps.ts';

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
  const hash = createHash('sha256').update('context-v2\n');
  let count = 0;
  for (const source of sources) {
    addField(hash, source.isDirectory ? 'tree' : 'file', source.name);
    for (const entry of context.walk(source)) {
      if (++count % batch === 0) {
        await setImmediate();
        signal.throwIfAborted();
      }
      if (mayChangeUnseen(entry.stat)) await setTimeout(2 * tickMs, undefined, { signal });
      stamps.note(source, entry);
      // A socket is nothing without the process behind it: it is not copied, as with docker.
      if (entry.stat.type === 'socket') continue;
      addEntry(hash, entry);
      if (entry.stat.type === 'file') await addFile(hash, entry, signal);
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
  stillThere(path, () => addXattrs(hash, entry));
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

async function addFile(hash: Hash, { dirFd, name, path }: ContextEntry, signal: AbortSignal): Promise<void> {
  const fd = stillThere(path, () => openAt(dirFd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
  const content = createHash('sha256');
  try {
    for (let offset = 0; ; ) {
      const length = readFullyAt(fd, chunk, offset);
      content.update(chunk.subarray(0, length));
      offset += length;
      if (length < chunk.length) break;
      if (offset % (batch * chunk.length) !== 0) continue;
      await setImmediate();
      signal.throwIfAborted();
    }
  } finally {
    closeFd(fd);
  }
  addField(hash, 'content', content.digest());
}

export const refuseSpecial = ({ path, name, stat }: ContextEntry): StrataError =>
  new StrataError({
    kind: 'invalid-argument',
    code: 'ERR_CONTEXT_SPECIAL_FILE',
    message: `build context: ${displayBytes(path.length > 0 ? path : name)} is a ${stat.type}`,
    hint: 'Exclude it in .dockerignore: only files, folders, symlinks and fifos can be copied into an image.',
  });
