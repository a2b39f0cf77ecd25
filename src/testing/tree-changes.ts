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

// Not path.join(), which drops the last `.`. It leads into a root that is itself a link, as in /proc/PID/fd.
const at = (root: string, path: string): string => `${root}/${path}`;

/** A change to the tree under `root`, as a program in a container would make it. */
export type TreeChange = (root: string) => void | Promise<void>;

/** Writes a file; an existing one keeps its inode. */
export const write =
  (path: string, text: string, mode = 0o644): TreeChange =>
  (root) => {
    writeFileSync(at(root, path), text);
    chmodSync(at(root, path), mode);
  };

/** Makes a directory with exactly this mode. */
export const directory =
  (path: string, mode = 0o755): TreeChange =>
  (root) => {
    mkdirSync(at(root, path));
    chmodSync(at(root, path), mode);
  };

/** Removes a path as `rm -rf` does, but the path must exist. */
export const remove =
  (path: string): TreeChange =>
  (root) =>
    rmSync(at(root, path), { recursive: true });

/** Removes a directory as `rmdir` does. */
export const removeDirectory =
  (path: string): TreeChange =>
  (root) =>
    rmdirSync(at(root, path));

export const rename =
  (from: string, to: string): TreeChange =>
  (root) =>
    renameSync(at(root, from), at(root, to));

/** Makes `to` a second name of `from`. */
export const hardlink =
  (from: string, to: string): TreeChange =>
  (root) =>
    linkSync(at(root, from), at(root, to));

export const symlink =
  (target: string, path: string): TreeChange =>
  (root) =>
    symlinkSync(target, at(root, path));

export const chmod =
  (path: string, mode: number): TreeChange =>
  (root) =>
    chmodSync(at(root, path), mode);

/** Sets the owner; never follows a symlink. */
export const chown =
  (path: string, uid: number, gid: number): TreeChange =>
  (root) =>
    lchownSync(at(root, path), uid, gid);

export const append =
  (path: string, text: string): TreeChange =>
  (root) =>
    appendFileSync(at(root, path), text);

/** Sets the size of a file. */
export const truncate =
  (path: string, size: number): TreeChange =>
  (root) => {
    const fd = openSync(at(root, path), 'r+');
    ftruncateSync(fd, size);
    closeSync(fd);
  };

/** Overwrites bytes inside a file. */
export const overwrite =
  (path: string, position: number, text: string): TreeChange =>
  (root) => {
    const fd = openSync(at(root, path), 'r+');
    writeSync(fd, text, position);
    closeSync(fd);
  };

/** Sets access and modification time; never follows a symlink. */
export const touch =
  (path: string, seconds: number, nanoseconds = 0): TreeChange =>
  (root) =>
    utimensAt(AT_FDCWD, at(root, path), { seconds, nanoseconds }, { seconds, nanoseconds });

export const xattr =
  (path: string, name: string, value: string): TreeChange =>
  (root) =>
    setXattrAt(AT_FDCWD, at(root, path), name, Buffer.from(value, 'latin1'));

export const dropXattr =
  (path: string, name: string): TreeChange =>
  (root) =>
    removeXattrAt(AT_FDCWD, at(root, path), name);

/** Creates a device, fifo or socket, with mode 0644. */
export const node =
  (path: string, type: NodeType, major = 0, minor = 0): TreeChange =>
  (root) => {
    mknodAt(AT_FDCWD, at(root, path), type, 0o644, major, minor);
    chmodSync(at(root, path), 0o644);
  };

/** Makes the change and asserts that the filesystem refuses it with this error. */
export const expectRefusal =
  (change: TreeChange, errno: string): TreeChange =>
  async (root) => {
    await assert.rejects(
      async () => change(root),
      (error) => {
        assert.equal(errnoOf(error), errno);
        return true;
      },
    );
  };
