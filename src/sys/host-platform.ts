import { normalizePlatform, type Platform } from '../spec/platform.ts';

/** Returns the machine's platform in the terms of images. */
export function hostPlatform(): Platform {
  const { arch } = process;
  return normalizePlatform({ os: 'linux', architecture: arch === 'x64' ? 'amd64' : arch });
}
