import { closeSync, openSync, readFileSync } from 'node:fs';
import { O_PATH } from './constants.ts';

/** One line of proc_pid_mountinfo(5). */
export interface MountInfo {
  readonly id: number;
  readonly parentId: number;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
  /** Mounted directory of the filesystem, as a path from the filesystem's own root. */
  readonly root: Uint8Array;
  readonly mountPoint: Uint8Array;
  /** Options of this mount, such as `rw,nosuid`. */
  readonly options: string;
  /** Propagation, such as `shared:1`; empty for a private mount. */
  readonly propagation: readonly string[];
  readonly type: string;
  readonly source: Uint8Array;
  /** Options of the filesystem. */
  readonly superOptions: string;
}

/** Returns all mounts of the calling thread's namespace, in the kernel's order: a later mount may cover an earlier one. */
export function readMountInfo(): MountInfo[] {
  return parseMountInfo(readFileSync('/proc/thread-self/mountinfo'));
}

/** Returns the mount that holds `path`, symlinks followed; undefined when it is in another mount namespace. */
export function mountHolding(path: string): MountInfo | undefined {
  const fd = openSync(path, O_PATH);
  try {
    const [, id] = /^mnt_id:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1')) ?? [];
    return readMountInfo().find((mount) => mount.id === Number(id));
  } finally {
    closeSync(fd);
  }
}

/** Parses the content of a mountinfo file. Lines of another form are skipped. */
export function parseMountInfo(bytes: Uint8Array): MountInfo[] {
  // latin1 keeps each byte one character.
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  return text.split('\n').flatMap((line) => parseLine(line) ?? []);
}

function parseLine(line: string): MountInfo | undefined {
  const fields = line.split(' ');
  const separator = fields.indexOf('-', 6);
  if (separator < 0) return undefined;
  const [id, parentId, device, root, mountPoint, options] = fields;
  const [type, source, superOptions] = fields.slice(separator + 1);
  const [major, minor] = (device ?? '').split(':');
  if (root === undefined || mountPoint === undefined || options === undefined || type === undefined) return undefined;
  if (source === undefined || superOptions === undefined) return undefined;
  return {
    id: Number(id),
    parentId: Number(parentId),
    deviceMajor: Number(major),
    deviceMinor: Number(minor),
    root: unescape(root),
    mountPoint: unescape(mountPoint),
    options,
    propagation: fields.slice(6, separator),
    type,
    source: unescape(source),
    superOptions,
  };
}

// The kernel writes space, tab, newline, backslash and # as a backslash and three octal digits.
function unescape(field: string): Uint8Array {
  const plain = field.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
  return new Uint8Array(Buffer.from(plain, 'latin1'));
}
