import type { TarEntry, TarSink } from '../../archive/index.ts';
import { StrataError } from '../../errors/index.ts';
import { FileBody } from '../../layer/apply/file-body.ts';
import type { NodeMetadata } from '../../layer/apply/node-metadata.ts';
import { type NodeLocation, TargetTree } from '../../layer/apply/target-tree.ts';
import { nameStart, normalizePath } from '../../layer/tree-path.ts';
import { isReservedName } from '../../layer/whiteout-names.ts';
import { displayBytes } from '../../lib/bytes.ts';
import { closeFd } from '../../sys/fs-at.ts';
import { isMountRoot, statAtIfThere } from '../../sys/stat.ts';

export interface ArchiveSinkOptions {
  /** Owner of every entry; undefined keeps the archive's. */
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined;
  /** True when the tree becomes a layer, in which names that begin with `.wh.` are deletions, not files. */
  readonly isLayer: boolean;
  /**
   * Refuses to replace a directory by something else, or the other way round, like docker's cp. Refuses to replace a
   * mount as well, with the error that `mounted` returns for the entry.
   */
  readonly keepsKinds?: { readonly mounted: (path: Uint8Array) => StrataError };
}

interface UnfinishedFile {
  readonly body: FileBody;
  readonly entry: TarEntry;
}

const maxId = 0xffff_fffe;
const maxMajor = 0xfff;
const maxMinor = 0xfffff;

/**
 * Unpacks an archive of files into a directory like docker's ADD: by the rules of layers (the last entry of a name
 * wins, directories merge, nothing leaves the directory), except that no name means a deletion and that the directory
 * itself stays unchanged.
 */
export class ArchiveSink implements TarSink, Disposable {
  readonly #tree: TargetTree;
  readonly #options: ArchiveSinkOptions;
  #file: UnfinishedFile | undefined;

  constructor(directory: string, options: ArchiveSinkOptions) {
    this.#options = options;
    this.#tree = new TargetTree(directory, {
      below: 'complete',
      rootless: false,
      isBase: false,
      onReplace: () => undefined,
    });
  }

  entry(entry: TarEntry): void {
    const place = normalizePath(entry.path);
    if (place.length === 0) {
      // CVE-2021-29136: all later entries would follow a root that became a symlink.
      if (entry.path.length === 0) return;
      if (entry.type !== 'directory') throw archiveEntryError(entry.path, `makes the root a ${entry.type}`);
      return;
    }
    if (this.#options.isLayer) refuseReserved(place, entry.path);
    const isDevice = entry.type === 'character-device' || entry.type === 'block-device';
    // Overlayfs would treat it as a deletion.
    if (isDevice && entry.deviceMajor === 0 && entry.deviceMinor === 0) return;
    if (isDevice && (entry.deviceMajor > maxMajor || entry.deviceMinor > maxMinor)) {
      throw archiveEntryError(
        entry.path,
        `has the device number ${entry.deviceMajor}:${entry.deviceMinor}, out of range`,
      );
    }
    const location = this.#tree.locate(place, entry.path, entry.mtime);
    const { keepsKinds } = this.#options;
    if (keepsKinds !== undefined) this.#refuseOtherKind(entry, location, keepsKinds.mounted);
    this.#make(entry, location, this.#metadataOf(entry));
  }

  data(chunk: Uint8Array): void {
    this.#file?.body.write(chunk);
  }

  endEntry(): void {
    const file = this.#file;
    if (file === undefined) return;
    const { body, entry } = file;
    body.end();
    this.#tree.metadata.newFile(body.fd, this.#metadataOf(entry), entry.path);
    this.#file = undefined;
    closeFd(body.fd);
  }

  trailer(): void {}

  /** Sets the attributes of directories; call after the parser's end. */
  finish(): void {
    this.#tree.finish();
  }

  [Symbol.dispose](): void {
    if (this.#file !== undefined) closeFd(this.#file.body.fd);
    this.#file = undefined;
    this.#tree[Symbol.dispose]();
  }

  #make(entry: TarEntry, location: NodeLocation, metadata: NodeMetadata): void {
    switch (entry.type) {
      case 'file':
        this.#file = { body: new FileBody(this.#tree.createFile(location, metadata.mode), entry), entry };
        return;
      case 'directory':
        return this.#tree.makeDirectory(location, copyXattrs(metadata));
      case 'symlink':
        return this.#tree.makeSymlink(location, entry.linkPath, metadata);
      case 'hardlink':
        return this.#tree.makeHardlink(location, normalizePath(entry.linkPath), entry.path, entry.mtime);
      case 'character-device':
      case 'block-device':
      case 'fifo': {
        const device = { major: entry.deviceMajor, minor: entry.deviceMinor };
        return this.#tree.makeNode(location, entry.type, device, metadata);
      }
    }
  }

  #refuseOtherKind(
    { type, path }: TarEntry,
    { directory, name }: NodeLocation,
    mounted: (path: Uint8Array) => StrataError,
  ): void {
    const fd = this.#tree.directoryFd(directory);
    const existing = statAtIfThere(fd, name)?.type;
    if (existing === undefined || (existing === 'directory' && type === 'directory')) return;
    // Removing the name from outside its mount namespace would remove the mount, too.
    if (existing !== 'directory' && isMountRoot(fd, name)) throw mounted(path);
    if ((existing === 'directory') === (type === 'directory')) return;
    throw archiveEntryError(
      path,
      type === 'directory'
        ? 'cannot overwrite non-directory with directory'
        : 'cannot overwrite directory with non-directory',
    );
  }

  #metadataOf(entry: TarEntry): NodeMetadata {
    const { mode, mtime, xattrs } = entry;
    const { uid, gid } = this.#options.owner ?? entry;
    // (uid_t)-1 would mean "unchanged".
    if (uid >= 0 && uid <= maxId && gid >= 0 && gid <= maxId) return { uid, gid, mode, mtime, xattrs };
    throw archiveEntryError(entry.path, `has the owner ${uid}:${gid}, which is out of range`);
  }
}

/**
 * Copies xattrs, because directories are finished last: the originals would keep all headers that they were read from
 * in memory.
 */
const copyXattrs = (metadata: NodeMetadata): NodeMetadata => ({
  ...metadata,
  xattrs: new Map([...metadata.xattrs].map(([name, value]) => [name, value.slice()])),
});

function refuseReserved(place: Uint8Array, path: Uint8Array): void {
  for (let end = place.length; end > 0; end = Math.max(nameStart(place.subarray(0, end)) - 1, 0)) {
    const start = nameStart(place.subarray(0, end));
    if (isReservedName(place.subarray(start, end))) {
      throw archiveEntryError(path, 'names that begin with .wh. mark deletions in layers');
    }
  }
}

const archiveEntryError = (path: Uint8Array, why: string): StrataError =>
  new StrataError({
    code: 'ERR_ARCHIVE_ENTRY',
    message: `archive entry ${JSON.stringify(displayBytes(path.subarray(0, 200)))}: ${why}`,
    hint: 'Make the archive again without this entry.',
  });
