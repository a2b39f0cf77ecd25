import { spawnSync } from 'node:child_process';
import { AT_FDCWD, O_DIRECTORY, O_PATH } from './constants.ts';
import { requireProgram } from './find-program.ts';
import { closeFd, openAt } from './fs-at.ts';
import { MS_RDONLY, mount } from './mount.ts';
import { type OverlayMount, overlayFlags, pinnedOptions } from './overlay-options.ts';
import { programFailed, safeEnvironment } from './run-program.ts';

/**
 * Mounts an overlay by mount(2). Its options must fit one page, so the directories are named by descriptors. While
 * `/proc/self/fd/21:…` fits (some 230 layers), this process mounts. More layers need names as short as `21:22:…`, relative to a
 * working directory in /proc, which only another process can have.
 */
export function overlayByDescriptors(spec: OverlayMount, target: string): void {
  const fds: number[] = [];
  try {
    for (const directory of directoriesOf(spec)) fds.push(openAt(AT_FDCWD, directory, O_PATH | O_DIRECTORY));
    const data = optionsOf(
      spec,
      fds.map((fd) => `/proc/self/fd/${fd}`),
    );
    if (data.length < pageBytes) {
      mount({ source: 'overlay', target, type: 'overlay', flags: spec.readOnly === true ? MS_RDONLY : 0, data });
    } else {
      overlayByHelper(spec, target, fds);
    }
  } finally {
    for (const fd of fds) closeFd(fd);
  }
}

/**
 * Mounts by running mount(8) in `/proc/self/fd`, with the directories as descriptors 3, 4, ….
 * @throws ERR_PROGRAM_FAILED, ERR_PROGRAM_MISSING
 */
export function overlayByHelper(spec: OverlayMount, target: string, fds: readonly number[]): void {
  const program = requireProgram('mount', 'mount');
  const data = optionsOf(
    spec,
    fds.map((_, index) => String(index + 3)),
  );
  const options = spec.readOnly === true ? `ro,${data}` : data;
  // LIBMOUNT_FORCE_MOUNT2: from 2.39 on mount(8) otherwise sets the options one by one, with at most 255 bytes each.
  const { status, signal, stderr } = spawnSync(
    program,
    ['--internal-only', '--no-mtab', '--no-canonicalize', '-t', 'overlay', '-o', options, 'overlay', target],
    {
      cwd: '/proc/self/fd',
      env: { ...safeEnvironment, LIBMOUNT_FORCE_MOUNT2: 'always' },
      stdio: ['ignore', 'ignore', 'pipe', ...fds],
    },
  );
  if (status !== 0) throw programFailed(program, { exitCode: status, signal, stderr });
}

const pageBytes = 4096;

function directoriesOf({ lowerDirs, upperDir, workDir }: OverlayMount): string[] {
  return [...lowerDirs, ...(upperDir === undefined ? [] : [upperDir]), ...(workDir === undefined ? [] : [workDir])];
}

/** Returns the mount options for `names`, which are in the order of {@link directoriesOf}. */
function optionsOf(spec: OverlayMount, names: readonly string[]): string {
  const [upper, work] = names.slice(spec.lowerDirs.length);
  return [
    `lowerdir=${names.slice(0, spec.lowerDirs.length).join(':')}`,
    ...(upper === undefined ? [] : [`upperdir=${upper}`]),
    ...(work === undefined ? [] : [`workdir=${work}`]),
    ...pinnedOptions.map(([key, value]) => `${key}=${value}`),
    ...overlayFlags(spec),
  ].join(',');
}
