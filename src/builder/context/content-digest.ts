import { setImmediate } from 'node:timers/promises';
import { StrataError } from '../../errors/index.ts';
import { displayBytes } from '../../lib/bytes.ts';
import { readlinkAt } from '../../sys/fs-at.ts';
import { getXattrAt, listXattrsAt } from '../../sys/xattr.ts';
import type { BuildContext, ContextEntry, ContextSource } from './build-context.ts';
import { stillThere } from './context-changed.ts';
import { ContextContent } from './context-content.ts';
import { type ContextStamps, contextPath, stampOf } from './context-stamps.ts';
import { isCopiedXattr } from './copied-xattrs.ts';
import { addField, type Fields } from './file-digest.ts';
import { FileDigests, untilTraced } from './file-digests.ts';

// Between two looks at the signal the thread works on this many entries.
const batch = 128;

export interface ContentOptions {
  /** Are told every entry. */
  readonly stamps: ContextStamps;
  /** Owners are copied, too. */
  readonly keepsOwner: boolean;
  readonly signal: AbortSignal;
}

/**
 * Reads what a COPY would take from the context: paths, types, modes, contents, link targets, xattrs, and which names are
 * of one file. Throws ERR_CONTEXT_CHANGED, ERR_CONTEXT_SPECIAL_FILE, ERR_COPY_SOURCE_NOT_FOUND.
 */
export async function readContent(
  context: BuildContext,
  sources: readonly ContextSource[],
  { stamps, keepsOwner, signal }: ContentOptions,
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
      stamps.note(path, stamp);
      const { type } = entry.stat;
      // A socket is nothing without the process behind it: it is not copied, as with docker.
      if (type === 'socket') continue;
      if (type === 'symlink') context.refuseLostLink(source, entry.path);
      if (type !== 'file') await untilTraced(entry.stat, signal);
      parts.begin(entry);
      addEntry(parts, entry, context);
      if (keepsOwner) addField(parts, 'owner', `${entry.stat.uid}:${entry.stat.gid}`);
      addLink(parts, entry, links);
      if (type === 'file') await digests.add({ entry, path, stamp, take: parts.later() });
    }
  }
  await digests.drain();
  return parts;
}

function addEntry(fields: Fields, entry: ContextEntry, { origin }: BuildContext): void {
  const { dirFd, name, stat, path } = entry;
  addField(fields, 'path', path);
  addField(fields, 'mode', `${stat.type} ${stat.permissions.toString(8)}`);
  // A file's are read where its content is.
  if (stat.type !== 'file') stillThere(path, () => addXattrs(fields, entry));
  switch (stat.type) {
    case 'directory':
    case 'fifo':
    case 'file':
    case 'socket':
      return;
    case 'symlink': {
      const target = stillThere(path, () => readlinkAt(dirFd, name));
      return addField(fields, 'target', target);
    }
    case 'block-device':
    case 'character-device':
      if (origin === undefined) throw refuseSpecial(entry);
      return addField(fields, 'device', `${stat.nodeMajor}:${stat.nodeMinor}`);
    case 'unknown':
      throw refuseSpecial(entry);
  }
}

/** Names of one file are names of one in the copy: what is written to the one later is in the other. */
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

function addXattrs(fields: Fields, { dirFd, name }: ContextEntry): void {
  for (const attribute of listXattrsAt(dirFd, name).filter(isCopiedXattr).sort()) {
    addField(fields, 'xattr', attribute);
    addField(fields, 'value', getXattrAt(dirFd, name, attribute) ?? '');
  }
}

export const refuseSpecial = ({ path, name, stat }: ContextEntry): StrataError =>
  new StrataError({
    code: 'ERR_CONTEXT_SPECIAL_FILE',
    message: `build context: ${displayBytes(path.length > 0 ? path : name)} is a ${stat.type}`,
    hint: 'Exclude it in .dockerignore: only files, folders, symlinks and fifos can be copied into an image.',
  });
