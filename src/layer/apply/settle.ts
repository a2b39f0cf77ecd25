import { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } from '../../sys/constants.ts';
import { utimensFd } from '../../sys/file-attributes.ts';
import { closeFd, openAt, rmdirAt, unlinkAt } from '../../sys/fs-at.ts';
import { statAtIfThere, statFd } from '../../sys/stat.ts';
import { OpenDirectories } from '../open-directories.ts';
import { isOverlayPrivate, makeOpaque, makeWhiteout, opaqueAttribute } from '../overlay-form.ts';
import { OverlayView, type ShownNode } from '../overlay-view.ts';
import { childPath, parentKey, pathFromKey, pathKey } from '../tree-path.ts';
import { readXattrs } from '../xattrs.ts';
import type { TreeNotes } from './directory-state.ts';
import { MetadataWriter, type NodeMetadata } from './node-metadata.ts';

export interface SettleJob {
  readonly directory: string;
  readonly notes: TreeNotes;
  /** Own directories of the layers below, already settled, nearest first. */
  readonly lowerDirs: readonly string[];
  readonly rootless: boolean;
}

/**
 * Fits a layer that was unpacked in parallel with others onto the layers below:
 * - directories that no entry names, and the root, take owner, mode, times and attributes from below;
 * - whiteouts that hide nothing are removed, because readdir shows them in a directory that is not merged;
 * - an opaque root becomes a whiteout for each name below, because overlayfs knows no opaque root.
 *
 * Returns false, and changes nothing, when a directory was made at a path where the layers below have another node, such
 * as a symlink: then entries belong elsewhere, and the layer must be unpacked again with those below. `check` throws
 * when the job is aborted.
 */
export function settleLayer(job: SettleJob, check: () => void): boolean {
  using view = new OverlayView(job.lowerDirs, job);
  for (const { key } of job.notes.implied) {
    check();
    const shown = view.at(key);
    if (shown && shown.stat.type !== 'directory') return false;
  }
  using settlement = new Settlement(job, view);
  settlement.run(check);
  return true;
}

class Settlement implements Disposable {
  readonly #notes: TreeNotes;
  readonly #view: OverlayView;
  readonly #own: OpenDirectories;
  readonly #opaque: string;
  readonly #metadata = new MetadataWriter();

  constructor(job: SettleJob, view: OverlayView) {
    this.#notes = job.notes;
    this.#view = view;
    this.#own = new OpenDirectories(job.directory);
    this.#opaque = opaqueAttribute(job.rootless);
  }

  run(check: () => void): void {
    const { whiteouts, implied, rootNamed, rootOpaque } = this.#notes;
    for (const key of whiteouts) {
      check();
      if (!this.#view.at(key)) this.#removeFrom(key, unlinkAt);
    }
    for (const { key, deletionsOnly } of implied.toReversed()) {
      check();
      if (!deletionsOnly || this.#view.at(key)) continue;
      this.#own.forget(key);
      this.#removeFrom(key, rmdirAt);
    }
    for (const { key, inherits } of implied) {
      check();
      const shown = inherits ? this.#view.at(key) : undefined;
      if (shown) this.#inherit(key, shown);
    }
    if (rootOpaque) withTimesKept(this.#own.rootFd, () => this.#hideRoot());
    const root = this.#view.root();
    if (root && !rootNamed) this.#inherit('', root);
  }

  [Symbol.dispose](): void {
    this.#own[Symbol.dispose]();
  }

  #removeFrom(key: string, remove: (directoryFd: number, name: Uint8Array) => void): void {
    const fd = this.#own.fd(parentKey(key));
    withTimesKept(fd, () => remove(fd, pathFromKey(key.slice(key.lastIndexOf('/') + 1))));
  }

  #inherit(key: string, shown: ShownNode): void {
    this.#metadata.oldDirectory(this.#own.fd(key), metadataOf(shown), pathFromKey(key));
  }

  #hideRoot(): void {
    for (const name of this.#view.names('')) {
      const stat = statAtIfThere(this.#own.rootFd, name);
      if (!stat) makeWhiteout(this.#own.rootFd, name);
      else if (stat.type === 'directory') {
        const fd = this.#own.fd(pathKey(childPath(new Uint8Array(0), name)));
        makeOpaque(fd, this.#opaque);
      }
    }
  }
}

/** Restores the directory's times after names in it were changed: they come from the archive or from below. */
function withTimesKept(fd: number, change: () => void): void {
  const { mtime } = statFd(fd);
  change();
  utimensFd(fd, undefined, mtime);
}

function metadataOf({ stat, layerFd, path }: ShownNode): NodeMetadata {
  const fd = openAt(layerFd, path.length === 0 ? '.' : path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  try {
    const xattrs = readXattrs(fd, (name) => !isOverlayPrivate(name));
    return { uid: stat.uid, gid: stat.gid, mode: stat.permissions, mtime: stat.mtime, xattrs };
  } finally {
    closeFd(fd);
  }
}
