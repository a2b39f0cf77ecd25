// Mounts as descriptors, Linux 5.2 and 5.12: created detached, attached when complete, and removed with the process that holds
// them if never attached.
import { AT_EMPTY_PATH, AT_RECURSIVE, AT_SYMLINK_NOFOLLOW, O_CLOEXEC } from './constants.ts';
import { SyscallError } from './errno.ts';
import { lastErrno } from './ffi.ts';
import { closeFd } from './fs-at.ts';
import { libc } from './libc.ts';
import { explainRefusal } from './refusals.ts';
import { displayName, lastError, type Name, nameAddress, scratch } from './scratch.ts';

export const MOUNT_ATTR_RDONLY = 0x1;
export const MOUNT_ATTR_NODEV = 0x4;
export const MOUNT_ATTR_NOEXEC = 0x8;
export const MOUNT_ATTR_IDMAP = 0x100000;

const FSOPEN_CLOEXEC = 1;
const FSMOUNT_CLOEXEC = 1;
const FSCONFIG_SET_FLAG = 0;
const FSCONFIG_SET_STRING = 1;
const FSCONFIG_CMD_CREATE = 6;

/** Filesystem being configured: fsopen(2), fsconfig(2), fsmount(2). Errors include the kernel's messages. */
export class FilesystemContext implements Disposable {
  readonly #type: string;
  readonly #fd: number;

  /** Opens a context. Throws ENODEV for a filesystem that the kernel does not know, ENOSYS before Linux 5.2. */
  constructor(type: string) {
    const { syscall, numbers } = libc();
    this.#type = type;
    this.#fd = Number(syscall(numbers.fsopen, nameAddress(type), FSOPEN_CLOEXEC, 0, 0, 0, 0));
    if (this.#fd < 0) throw lastError('fsopen', type);
  }

  /** Sets an option with a value of at most 255 bytes; a longer one gives EINVAL. */
  set(key: string, value: Name): void {
    this.#configure(FSCONFIG_SET_STRING, key, value);
  }

  setFlag(key: string): void {
    this.#configure(FSCONFIG_SET_FLAG, key, undefined);
  }

  /** Creates the filesystem and a detached mount of it; the caller closes the descriptor. */
  mount(attributes = 0): number {
    this.#configure(FSCONFIG_CMD_CREATE, undefined, undefined);
    const { syscall, numbers } = libc();
    const fd = Number(syscall(numbers.fsmount, this.#fd, FSMOUNT_CLOEXEC, attributes, 0, 0, 0));
    if (fd < 0) throw this.#failure('fsmount', this.#type);
    return fd;
  }

  [Symbol.dispose](): void {
    closeFd(this.#fd);
  }

  #configure(command: number, key: string | undefined, value: Name | undefined): void {
    const { syscall, numbers } = libc();
    const keyAddress = key === undefined ? 0 : nameAddress(key);
    const valueAddress = value === undefined ? 0 : nameAddress(value, 1);
    if (Number(syscall(numbers.fsconfig, this.#fd, command, keyAddress, valueAddress, 0, 0)) === 0) return;
    const parts = [this.#type, key, value === undefined ? undefined : displayName(value)];
    throw this.#failure('fsconfig', parts.filter((part) => part !== undefined).join(' '));
  }

  #failure(syscall: string, subject: string): SyscallError {
    const errno = lastErrno();
    return new SyscallError({ syscall, errno, path: subject, detail: this.#readMessages() });
  }

  // Each read(2) returns one line, such as `e overlay: too many lower directories`, until ENODATA.
  #readMessages(): string | undefined {
    const line = Buffer.alloc(4096);
    const lines: string[] = [];
    for (;;) {
      const length = Number(libc().read(this.#fd, line, line.length));
      if (length <= 0) return lines.length === 0 ? undefined : lines.join('; ');
      lines.push(line.toString('utf8', 2, length).trim());
    }
  }
}

const OPEN_TREE_CLONE = 1;

/** Creates a detached mount of the tree at `path`, open_tree(2). `recursive` includes the mounts below it. */
export function cloneMount(dirFd: number, path: Name, options: { readonly recursive?: boolean } = {}): number {
  const { syscall, numbers } = libc();
  const flags = OPEN_TREE_CLONE | O_CLOEXEC | AT_SYMLINK_NOFOLLOW | (options.recursive === true ? AT_RECURSIVE : 0);
  const fd = Number(syscall(numbers.openTree, dirFd, nameAddress(path), flags, 0, 0, 0));
  if (fd < 0) throw explainRefusal(lastError('open_tree', path), 'mounts cannot be made');
  return fd;
}

export interface MountAttributes {
  readonly set?: number;
  readonly clear?: number;
  /** Propagation, such as MS_PRIVATE. */
  readonly propagation?: number;
  /** Descriptor of the user namespace for MOUNT_ATTR_IDMAP. */
  readonly userNamespaceFd?: number;
  /** Includes the mounts below. */
  readonly recursive?: boolean;
}

/** Changes the attributes of a mount's descriptor, mount_setattr(2), Linux 5.12. */
export function setMountAttributes(mountFd: number, attributes: MountAttributes): void {
  const { syscall, numbers } = libc();
  const { view, struct, structAddress } = scratch();
  view.setBigUint64(struct, BigInt(attributes.set ?? 0), true);
  view.setBigUint64(struct + 8, BigInt(attributes.clear ?? 0), true);
  view.setBigUint64(struct + 16, BigInt(attributes.propagation ?? 0), true);
  view.setBigUint64(struct + 24, BigInt(attributes.userNamespaceFd ?? 0), true);
  const flags = AT_EMPTY_PATH | (attributes.recursive === true ? AT_RECURSIVE : 0);
  const result = syscall(numbers.mountSetattr, mountFd, nameAddress(''), flags, structAddress, 32, 0);
  if (Number(result) < 0) throw lastError('mount_setattr');
}

const MOVE_MOUNT_F_EMPTY_PATH = 0x4;

/** Attaches a detached mount at a directory or file, move_mount(2). A symlink at the end of `target` is not followed. */
export function attachMount(mountFd: number, dirFd: number, target: Name): void {
  const { syscall, numbers } = libc();
  const empty = nameAddress('', 1);
  const result = syscall(numbers.moveMount, mountFd, empty, dirFd, nameAddress(target), MOVE_MOUNT_F_EMPTY_PATH, 0);
  if (Number(result) < 0) throw lastError('move_mount', target);
}
