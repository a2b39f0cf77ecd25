import type { Stats } from 'node:fs';

const nullDevice = 0x103;
const terminalMajors = [4, 5, 136, 137, 138, 139, 140, 141, 142, 143];

/**
 * True for a file that can be read to its end: a regular file, a pipe, a terminal or the null device. Check it before opening
 * a file that a user named, because opening another device may have an effect: a watchdog starts its countdown.
 */
export const isReadable = (stat: Stats): boolean =>
  stat.isFile() ||
  stat.isFIFO() ||
  (stat.isCharacterDevice() && (stat.rdev === nullDevice || terminalMajors.includes((stat.rdev >> 8) & 0xfff)));
