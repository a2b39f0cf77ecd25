import { setImmediate } from 'node:timers/promises';
import { StrataError } from '../../errors/index.ts';
import { displayBytes } from '../../lib/bytes.ts';
import { readlinkAt } from '../../sys/fs-at.ts';
import { getXattrAt, listXattrsAt } from '../../sys/xattr.ts';
import type { BuildContext, ContextEntry, ContextSource } from './build-context.ts';
import { expectUnchanged } from './context-changed.ts';
import { ContextContent } from './context-content.ts';
import { type ContextStamps, contextPath, stampOf } from './context-stamps.ts';
import { addField, type FieldSink } from './file-digest.ts';
import { FileDigests, waitUntilTraceable } from './file-digests.ts';
import { isCopiedXattr } from './is-copied-xattr.ts';

// Entries between two checks of the signal.
const batch = 128;

export interface ReadContentOptions {
  /** Record every entry. */
  readonly stamps: ContextStamps;
  /** True when owners are copied, too. */
  readonly keepsOwner: boolean;
  readonly signal: AbortSignal;
}

/**
 * Reads the content of a COPY from the context: paths, types, modes, contents, link targets, xattrs, and hard links.
 * Throws ERR_CONTEXT_CHANGED, ERR_CONTEXT_SPECIAL_FILE, ERR_COPY_SOURCE_NOT_FOUND.
 */
export async function readContent(
  context: BuildContext,
  sources: readonly ContextSource[],
  { stamps, keepsOwner, signal }: ReadContentOptions,
): Promise<ContextContent> {
  await using digests = new FileDigests(context.digests, signal);
  const parts = new ContextContent();
  let count = 0;
  for (const source of sources) {
    addField(parts, source.isDirectory ? 'tree' : 'file', source.name);
    const links = new Map<string, Uint8Array>();
    for (const entry of context.walk(source)) {
      if (++count % batch === 0) {
        await setImmediate();
        signal.throwIfAborted();
      }
      const path = contextPath(source, entry.path);
      const stamp = stampOf(entry.stat);
      stamps.record(path, stamp);
      const { type } = entry.stat;
      // A socket is useless without its process: it is not copied, as in docker.
      if (type === 'socket') continue;
      if (type === 'symlink') context.refuseBrokenLink(source, entry.path);
      if (type !== 'file') await waitUntilTraceable(entry.stat, signal);
      parts.begin(entry);
      addEntry(parts, entry, context);
      if (keepsOwner) addField(parts, 'owner', `${entry.stat.uid}:${entry.stat.gid}`);
      addLink(parts, entry, links);
      if (type === 'file') await digests.add({ entry, path, stamp, take: parts.reserve() });
    }
  }
  await digests.drain();
  return parts;
}

function addEntry(fields: FieldSink, entry: ContextEntry, { origin }: BuildContext): void {
  const { dirFd, name, stat, path } = entry;
  addField(fields, 'path', path);
  addField(fields, 'mode', `${stat.type} ${stat.permissions.toString(8)}`);
  // A file's xattrs are read with its content.
  if (stat.type !== 'file') expectUnchanged(path, () => addXattrs(fields, entry));
  switch (stat.type) {
    case 'directory':
    case 'fifo':
    case 'file':
    case 'socket':
      return;
    case 'symlink': {
      const target = expectUnchanged(path, () => readlinkAt(dirFd, name));
      return addField(fields, 'target', target);
    }
    case 'block-device':
    case 'character-device':
      if (origin === undefined) throw specialFileError(entry);
      return addField(fields, 'device', `${stat.nodeMajor}:${stat.nodeMinor}`);
    case 'unknown':
      throw specialFileError(entry);
  }
}

/** Adds a further name of a file. It stays one in the copy, so the digest must differ from that of two equal files. */
function addLink(fields: ContextContent, { path, stat }: ContextEntry, links: Map<string, Uint8Array>): void {
  if (stat.type !== 'file' || stat.nlink < 2) return;
  const inode = `${stat.deviceMajor}:${stat.deviceMinor}:${stat.ino}`;
  const first = links.get(inode);
  if (first === undefined) links.set(inode, path);
  else {
    addField(fields, 'link', first);
    fields.hasLinks = true;
  }
}

function addXattrs(fields: FieldSink, { dirFd, name }: ContextEntry): void {
  for (const attribute of listXattrsAt(dirFd, name).filter(isCopiedXattr).sort()) {
    addField(fields, 'xattr', attribute);
    addField(fields, 'value', getXattrAt(dirFd, name, attribute) ?? '');
  }
}

export const specialFileError = ({ path, name, stat }: ContextEntry): StrataError =>
  new StrataError({
    code: 'ERR_CONTEXT_SPECIAL_FILE',
    message: `build context: ${displayBytes(path.length > 0 ? path : name)} is a ${stat.type}`,
    hint: 'Exclude it in .dockerignore: only files, folders, symlinks and fifos can be copied into an image.',
  });
