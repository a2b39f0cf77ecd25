import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  closeSync,
  ftruncateSync,
  lchownSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { AT_FDCWD } from '../sys/constants.ts';
import { errnoOf } from '../sys/errno.ts';
import { utimensAt } from '../sys/file-attributes.ts';
import { mknodAt, type NodeType } from '../sys/fs-at.ts';
import { removeXattrAt, setXattrAt } from '../sys/xattr.ts';

// Not path.join(): that drops the last `.`, which leads into a root that is itself a link, as those of /proc/PID/fd are.
const at = (root: string, path: string): string => `${root}/${path}`;

/** One change to the tree under `root`, as a program in a container would make it. */
export type Change = (root: string) => void | Promise<void>;

/** Writes a file over what is there, keeping its inode, or makes it. */
export const write =
  (path: string, text: string, mode = 0o644): Change =>
  (root) => {
    writeFileSync(at(root, path), text);
    chmodSync(at(root, path), mode);
  };

/** Makes a directory with exactly this mode. */
export const directory =
  (path: string, mode = 0o755): Change =>
  (root) => {
    mkdirSync(at(root, path));
    chmodSync(at(root, path), mode);
  };

/** As `rm -rf`, but the path must be there. */
export const remove =
  (path: string): Change =>
  (root) =>
    rmSync(at(root, path), { recursive: true });

/** As `rmdir`. */
export const removeDirectory =
  (path: string): Change =>
  (root) =>
    rmdirSync(at(root, path));

export const rename =
  (from: string, to: string): Change =>
  (root) =>
    renameSync(at(root, from), at(root, to));

/** `to` becomes a second name of `from`. */
export const hardlink =
  (from: string, to: string): Change =>
  (root) =>
    linkSync(at(root, from), at(root, to));

export const symlink =
  (target: string, path: string): Change =>
  (root) =>
    symlinkSync(target, at(root, path));

export const chmod =
  (path: string, mode: number): Change =>
  (root) =>
    chmodSync(at(root, path), mode);

/** Never follows. */
export const chown =
  (path: string, uid: number, gid: number): Change =>
  (root) =>
    lchownSync(at(root, path), uid, gid);

export const append =
  (path: string, text: string): Change =>
  (root) =>
    appendFileSync(at(root, path), text);

/** Makes the file that long. */
export const truncate =
  (path: string, size: number): Change =>
  (root) => {
    const fd = openSync(at(root, path), 'r+');
    ftruncateSync(fd, size);
    closeSync(fd);
  };

/** Overwrites bytes inside a file. */
export const overwrite =
  (path: string, position: number, text: string): Change =>
  (root) => {
    const fd = openSync(at(root, path), 'r+');
    writeSync(fd, text, position);
    closeSync(fd);
  };

/** Sets access and modification time; never follows. */
export const touch =
  (path: string, seconds: number, nanoseconds = 0): Change =>
  (root) =>
    utimensAt(AT_FDCWD, at(root, path), { seconds, nanoseconds }, { seconds, nanoseconds });

export const xattr =
  (path: string, name: string, value: string): Change =>
  (root) =>
    setXattrAt(AT_FDCWD, at(root, path), name, Buffer.from(value, 'latin1'));

export const dropXattr =
  (path: string, name: string): Change =>
  (root) =>
    removeXattrAt(AT_FDCWD, at(root, path), name);

/** A device, fifo or socket, with mode 0644. */
export const node =
  (path: string, type: NodeType, major = 0, minor = 0): Change =>
  (root) => {
    mknodAt(AT_FDCWD, at(root, path), type, 0o644, major, minor);
    chmodSync(at(root, path), 0o644);
  };

/** Makes the change and asserts that the filesystem refuses it with this error. */
export const refused =
  (change: Change, errno: string): Change =>
  async (root) => {
    await assert.rejects(
      async () => change(root),
      (error) => {
        assert.equal(errnoOf(error), errno);
        return true;
      },
    );
  };
