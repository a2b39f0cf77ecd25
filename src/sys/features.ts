import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { AT_FDCWD, O_RDONLY } from './constants.ts';
import { errnoOf } from './errno.ts';
import { findProgram } from './find-program.ts';
import { closeFd, openAt } from './fs-at.ts';
import { hasSyscall } from './has-syscall.ts';
import { cloneMount, FilesystemContext, MOUNT_ATTR_IDMAP, setMountAttributes } from './mount-fd.ts';
import { readMountInfo } from './mountinfo.ts';
import { inNewNamespaces } from './namespaces.ts';
import { type OverlaySupport, overlaySupport } from './overlay-support.ts';
import { runProgram, safeEnvironment } from './run-program.ts';

/** Versions of mounted control groups; `hybrid` has both, the controllers mostly in v1. */
export type CgroupVersion = 'v1' | 'hybrid' | 'v2' | 'none';

/** Features of this kernel that this process may use. */
export interface KernelFeatures {
  readonly release: string;
  readonly overlay: OverlaySupport;
  readonly openat2: boolean;
  readonly erofs: boolean;
  /** True when the kernel has FUSE and this user may open `/dev/fuse`. */
  readonly fuse: boolean;
  /** True when this user may create user namespaces. */
  readonly userNamespaces: boolean;
  readonly cgroups: CgroupVersion;
}

let known: Promise<KernelFeatures> | undefined;

/** Probes the kernel, once per process (some milliseconds). Nothing is kept on disk, since the next boot may differ. */
export async function kernelFeatures(): Promise<KernelFeatures> {
  known ??= probe();
  return await known;
}

async function probe(): Promise<KernelFeatures> {
  return {
    release: release(),
    overlay: overlaySupport(),
    openat2: hasSyscall('openat2'),
    erofs: knowsFilesystem('erofs'),
    fuse: knowsFilesystem('fuse') && mayOpen('/dev/fuse'),
    userNamespaces: await canMakeUserNamespaces(),
    cgroups: cgroupVersion(readMountInfo().map(({ type }) => type)),
  };
}

/** Returns the version that the types of all mounts show. */
export function cgroupVersion(mountTypes: readonly string[]): CgroupVersion {
  const [one, two] = [mountTypes.includes('cgroup'), mountTypes.includes('cgroup2')];
  if (one) return two ? 'hybrid' : 'v1';
  return two ? 'v2' : 'none';
}

/** True when the kernel knows a filesystem. For root, the test loads its kernel module if there is one. */
export function knowsFilesystem(type: string): boolean {
  try {
    new FilesystemContext(type)[Symbol.dispose]();
    return true;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENODEV') return false;
    if (errno !== 'EPERM' && errno !== 'ENOSYS') throw error;
  }
  const lines = readFileSync('/proc/filesystems', 'latin1').split('\n');
  return lines.some((line) => line.split('\t')[1] === type);
}

function mayOpen(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

async function canMakeUserNamespaces(): Promise<boolean> {
  const [program, nothing] = [findProgram('unshare'), findProgram('true')];
  if (program === undefined || nothing === undefined) return false;
  return (await runProgram(program, ['--user', nothing])).exitCode === 0;
}

/**
 * True when mounts of the filesystem of `directory` can show other owners, mount_setattr(2) with MOUNT_ATTR_IDMAP: for root
 * only, and not on every filesystem.
 */
export async function canIdmapMounts(directory: string): Promise<boolean> {
  const cat = findProgram('cat');
  if (cat === undefined || findProgram('unshare') === undefined) return false;
  const { file, args } = inNewNamespaces(['user'], { file: cat, args: [] });
  const holder = spawn(file, args, { stdio: ['pipe', 'pipe', 'ignore'], env: safeEnvironment });
  const ended = once(holder, 'close');
  try {
    // A byte that comes back shows that the program is in its namespace, with ids mapped.
    holder.stdin.on('error', () => undefined).write('.');
    const ready = await Promise.race([once(holder.stdout, 'data').then(() => true), ended.then(() => false)]);
    return ready && holder.pid !== undefined && takesIdmap(directory, holder.pid);
  } finally {
    holder.stdin.end();
    await ended;
  }
}

function takesIdmap(directory: string, pid: number): boolean {
  const userNamespaceFd = openAt(AT_FDCWD, `/proc/${pid}/ns/user`, O_RDONLY);
  try {
    const mountFd = cloneMount(AT_FDCWD, directory);
    try {
      setMountAttributes(mountFd, { set: MOUNT_ATTR_IDMAP, userNamespaceFd });
      return true;
    } finally {
      closeFd(mountFd);
    }
  } catch (error) {
    if (['EINVAL', 'EPERM', 'ENOSYS'].includes(errnoOf(error) ?? '')) return false;
    throw error;
  } finally {
    closeFd(userNamespaceFd);
  }
}
