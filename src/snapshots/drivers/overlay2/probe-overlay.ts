import { mkdirSync, readdirSync, rmdirSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeWhiteout, opaqueAttribute } from '../../../layer/overlay-form.ts';
import { AT_FDCWD } from '../../../sys/constants.ts';
import { errnoOf } from '../../../sys/errno.ts';
import { closeFd } from '../../../sys/fs-at.ts';
import { type Mount, mountDetached } from '../../../sys/mount-list.ts';
import { statAt } from '../../../sys/stat.ts';
import { getXattrAt, setXattrAt } from '../../../sys/xattr.ts';
import { probeDirectories } from '../../probe-directories.ts';
import type { ProbeEnvironment } from '../../probe-environment.ts';
import type { DriverProbe } from '../../storage-driver.ts';

/** A probe's environment, and the directory that it creates. */
type OverlayProbe = Pick<ProbeEnvironment, 'name' | 'rootless'> & { readonly directory: string };

/** Probes whether overlayfs can keep snapshots on the store's filesystem. */
export function probeOverlay(environment: ProbeEnvironment): DriverProbe {
  const { problem, warnings } = probeDirectories(environment);
  const failure = problem ?? problemOf(environment);
  return { works: failure === undefined, reason: failure ?? `works on ${environment.name}`, warnings };
}

/** Returns the problem, undefined without one. Creates layers as unpacking does, mounts, reads and changes them. */
function problemOf(environment: ProbeEnvironment): string | undefined {
  const probe = { name: environment.name, rootless: environment.rootless, directory: environment.folder('overlay') };
  const opaque = opaqueAttribute(probe.rootless);
  try {
    const spec = makeLayers(probe, opaque);
    return withMount(spec, (merged) => tryChanges(probe, merged, opaque));
  } catch (error) {
    return describeFailure(error, probe);
  }
}

function makeLayers({ directory, rootless }: OverlayProbe, opaque: string): Mount {
  const at = (...names: readonly string[]): string => join(directory, ...names);
  for (const folder of ['.', 'bottom', 'bottom/hidden', 'bottom/hidden/inside', 'marked', 'marked/hidden', 'upper']) {
    mkdirSync(at(folder), { recursive: true });
  }
  mkdirSync(at('work'));
  for (const name of ['deleted', 'plain']) writeFileSync(at('bottom', name), '');
  makeWhiteout(AT_FDCWD, at('marked', 'deleted'));
  setXattrAt(AT_FDCWD, at('marked', 'hidden'), opaque, Buffer.from('y'));
  const overlay = {
    lowerDirs: [at('marked'), at('bottom')],
    upperDir: at('upper'),
    workDir: at('work'),
    userXattr: rootless,
  };
  return { type: 'overlay', source: '', readOnly: false, overlay };
}

function tryChanges({ directory, name }: OverlayProbe, merged: string, opaque: string): string | undefined {
  const upper = (file: string): string => join(directory, 'upper', file);
  // Without types in directory listings (d_type) overlayfs shows deleted files.
  if (readdirSync(merged).sort().join() !== 'hidden,plain') return `overlayfs shows deleted files on ${name}`;
  if (readdirSync(join(merged, 'hidden')).length > 0) return `overlayfs shows hidden files on ${name}`;
  unlinkSync(join(merged, 'plain'));
  rmdirSync(join(merged, 'hidden'));
  mkdirSync(join(merged, 'hidden'));
  if (readdirSync(merged).join() !== 'hidden') return `overlayfs does not delete files on ${name}`;
  if (statAt(AT_FDCWD, upper('plain')).type !== 'character-device') return `overlayfs keeps no whiteouts on ${name}`;
  if (!getXattrAt(AT_FDCWD, upper('hidden'), opaque)) return `overlayfs keeps no opaque directories on ${name}`;
  return undefined;
}

/** Runs `use` on a mount that ends with this process, even when it is killed. */
function withMount<Result>(spec: Mount, use: (path: string) => Result): Result {
  const fd = mountDetached([spec]);
  try {
    return use(`/proc/self/fd/${fd}`);
  } finally {
    closeFd(fd);
  }
}

function describeFailure(error: unknown, { directory, name }: OverlayProbe): string {
  const errno = errnoOf(error);
  if (errno === 'ENODEV') return 'the kernel has no overlay filesystem';
  const message = error instanceof Error ? error.message : String(error);
  const what = message.replaceAll(`${directory}/`, '');
  if (errno === 'EPERM' && /^(fs|mount)/.test(what)) return `mounting is not permitted here (${what})`;
  return `overlayfs cannot keep layers on ${name} (${what})`;
}
