import { createHash, type Hash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { StrataError } from '../../errors/index.ts';
import { displayBytes } from '../../lib/bytes.ts';
import { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } from '../../sys/constants.ts';
import { readFullyAt } from '../../sys/fd-io.ts';
import { closeFd, openAt, readlinkAt } from '../../sys/fs-at.ts';
import type { FileStat } from '../../sys/stat.ts';
import { getXattrAt, listXattrsAt } from '../../sys/xattr.ts';
import type { BuildContext, ContextEntry, ContextSource } from './build-context.ts';

// Between two looks at the signal the thread works on this many entries.
const batch = 256;
const chunk = Buffer.allocUnsafe(1 << 20);

/** What of a context's xattrs a COPY takes along; `security.selinux` and the like belong to the machine. */
export const isCopiedXattr = (name: string): boolean => name.startsWith('user.') || name === 'security.capability';

/**
 * A digest over what a COPY would take from the context: paths, types, modes, contents, link targets, xattrs. Times
 * and owners do not enter: neither is copied as it is, or says that bytes changed. `stamps` gets what tells a later
 * reader whether a file changed since.
 */
export async function contentDigest(
  context: BuildContext,
  sources: readonly ContextSource[],
  stamps: Map<string, string>,
  signal: AbortSignal,
): Promise<string> {
  const hash = createHash('sha256').update('context-v1\n');
  let count = 0;
  for (const source of sources) {
    addField(hash, source.isDirectory ? 'tree' : 'file', source.name);
    for (const entry of context.walk(source)) {
      if (++count % batch === 0) {
        await setImmediate();
        signal.throwIfAborted();
      }
      addEntry(hash, entry);
      if (entry.stat.type === 'file') stamps.set(stampKey(source, entry), stampOf(entry.stat));
    }
  }
  return `sha256:${hash.digest('hex')}`;
}

export const stampKey = (source: ContextSource, entry: ContextEntry): string =>
  `${Buffer.from(source.path).toString('latin1')}\0${Buffer.from(entry.path).toString('latin1')}`;

/** Changes whenever a file's bytes may have. */
export const stampOf = ({ ino, size, mtime, ctime }: FileStat): string =>
  `${ino} ${size} ${mtime.seconds}.${mtime.nanoseconds} ${ctime.seconds}.${ctime.nanoseconds}`;

// Lengths stand before values, so that no two lists of fields give the same bytes.
function addField(hash: Hash, label: string, value: Uint8Array | string): void {
  hash.update(`${label} ${Buffer.byteLength(value)}:`).update(value);
}

function addEntry(hash: Hash, entry: ContextEntry): void {
  const { dirFd, name, stat, path } = entry;
  addField(hash, 'path', path);
  addField(hash, 'mode', `${stat.type} ${stat.permissions.toString(8)}`);
  for (const attribute of listXattrsAt(dirFd, name).filter(isCopiedXattr).sort()) {
    addField(hash, `xattr ${attribute}`, getXattrAt(dirFd, name, attribute) ?? '');
  }
  switch (stat.type) {
    case 'directory':
    case 'socket':
      return;
    case 'symlink':
      addField(hash, 'target', readlinkAt(dirFd, name));
      return;
    case 'file':
      addFile(hash, entry);
      return;
    case 'block-device':
    case 'character-device':
    case 'fifo':
    case 'unknown':
      throw refuseSpecial(entry);
  }
}

function addFile(hash: Hash, { dirFd, name }: ContextEntry): void {
  const fd = openAt(dirFd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  const content = createHash('sha256');
  try {
    for (let offset = 0; ; ) {
      const length = readFullyAt(fd, chunk, offset);
      content.update(chunk.subarray(0, length));
      offset += length;
      if (length < chunk.length) break;
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
    hint: 'Exclude it in .dockerignore: only files, folders and symlinks can be copied into an image.',
  });
