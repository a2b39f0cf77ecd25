import { AT_FDCWD, O_DIRECTORY, O_PATH } from './constants.ts';
import { closeFd, openAt } from './fs-at.ts';
import { FilesystemContext, MOUNT_ATTR_RDONLY } from './mount-fd.ts';
import { type OverlayMount, overlayFlags, pinnedOptions } from './overlay-options.ts';

/** Makes a detached overlay by fsopen(2), with an option for each lower directory: Linux 6.8. */
export function overlayByContext(spec: OverlayMount): number {
  using names = new ShortNames();
  using context = new FilesystemContext('overlay');
  context.set('source', 'overlay');
  for (const directory of spec.lowerDirs) context.set('lowerdir+', names.of(directory));
  if (spec.upperDir !== undefined) context.set('upperdir', names.of(spec.upperDir));
  if (spec.workDir !== undefined) context.set('workdir', names.of(spec.workDir));
  for (const [key, value] of pinnedOptions) context.set(key, value);
  for (const flag of overlayFlags(spec)) context.setFlag(flag);
  return context.mount(spec.readOnly === true ? MOUNT_ATTR_RDONLY : 0);
}

// An option takes 255 bytes, and kernels disagree on whether `:` and `\` in it are literal. A descriptor's link in /proc is short
// and plain. The path itself is preferred, because the table of mounts shows it.
const maxValueBytes = 255;

class ShortNames implements Disposable {
  readonly #fds: number[] = [];

  of(directory: string): string {
    if (Buffer.byteLength(directory) <= maxValueBytes && !/[:\\,]/.test(directory)) return directory;
    const fd = openAt(AT_FDCWD, directory, O_PATH | O_DIRECTORY);
    this.#fds.push(fd);
    return `/proc/self/fd/${fd}`;
  }

  [Symbol.dispose](): void {
    for (const fd of this.#fds) closeFd(fd);
  }
}
