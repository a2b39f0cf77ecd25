import { StrataError } from '../errors/index.ts';
import { formatPlatform, normalizePlatform, type Platform } from '../spec/platform.ts';

/** True for Linux, and for no operating system at all, which docker takes for its own. */
export const isForLinux = ({ os }: Platform): boolean => os === '' || os.toLowerCase() === 'linux';

/** Throws ERR_IMAGE_OS, in docker's words, for an image that cannot run on any Linux. */
export function refuseOtherSystem(name: string, platform: Platform): void {
  if (isForLinux(platform)) return;
  throw new StrataError({
    code: 'ERR_IMAGE_OS',
    message: `image ${name}: operating system is not supported: ${formatPlatform(normalizePlatform(platform))}`,
    hint: 'Take an image for Linux: those for other systems can be loaded, tagged and saved here, not run or built on.',
  });
}
