import { mkdirSync, statSync } from 'node:fs';
import { StrataError } from '../../errors/index.ts';
import { isShared, isSlave } from '../../oci-runtime/mounts.ts';
import { errnoOf } from '../../sys/errno.ts';
import { mountHolding } from '../../sys/mountinfo.ts';
import type { HostOptions } from '../host-options.ts';
import { hostMounts } from './host-mounts.ts';
import { parseBind } from './parse-bind.ts';

/**
 * Prepares the sources of binds before a start: creates the missing source of a `-v` as a directory, and checks that a
 * bind with shared propagation is on a mount that allows it. Idempotent. Throws ERR_MOUNT_SOURCE,
 * ERR_MOUNT_PROPAGATION.
 */
export function prepareBindSources(host: HostOptions): void {
  for (const { source } of (host.Binds ?? []).map(parseBind)) {
    try {
      // An existing source is left as it is, whatever its type.
      statSync(source);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw unusable(source, error);
      makeDirectory(source);
    }
  }
  for (const mount of hostMounts(host)) {
    if (mount.type !== 'bind') continue;
    if (isShared(mount)) requirePropagation(mount.source, ['shared']);
    else if (isSlave(mount)) requirePropagation(mount.source, ['shared', 'master']);
  }
}

function makeDirectory(source: string): void {
  try {
    mkdirSync(source, { recursive: true, mode: 0o755 });
  } catch (error) {
    throw unusable(source, error);
  }
}

/** `wanted` are the kernel's words for the propagation: `master` marks a slave of another mount. */
function requirePropagation(source: string, wanted: readonly ('shared' | 'master')[]): void {
  const mount = findMount(source);
  if (mount?.propagation.some((tag) => wanted.some((word) => tag.startsWith(`${word}:`))) !== false) return;
  const mountPoint = Buffer.from(mount.mountPoint).toString('utf8');
  throw new StrataError({
    code: 'ERR_MOUNT_PROPAGATION',
    message: `path ${source} is mounted on ${mountPoint} but it is not a ${wanted.length > 1 ? 'shared or slave' : 'shared'} mount`,
    hint: `Make it one with 'mount --make-rshared ${mountPoint}', or leave the propagation out.`,
  });
}

/** Returns undefined for a missing source, which the runtime reports. */
function findMount(source: string): ReturnType<typeof mountHolding> {
  try {
    return mountHolding(source);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw unusable(source, error);
  }
}

const unusable = (source: string, cause: unknown): StrataError =>
  new StrataError({
    code: 'ERR_MOUNT_SOURCE',
    message: `error while creating mount source path '${source}': ${cause instanceof Error ? cause.message : String(cause)}`,
    hint: 'Create that directory first, or bind another one.',
    cause,
  });
