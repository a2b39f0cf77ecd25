import type { Stats } from 'node:fs';

const nullDevice = 0x103;
const terminalMajors = [4, 5, 136, 137, 138, 139, 140, 141, 142, 143];

/**
 * Whether what a user named as a file can be read to its end: a file, a pipe, a terminal or the null device. Told from the
 * name, since to open another device may already do something: a watchdog begins to count.
 */
export const isReadable = (stat: Stats): boolean =>
  stat.isFile() ||
  stat.isFIFO() ||
  (stat.isCharacterDevice() && (stat.rdev === nullDevice || terminalMajors.includes((stat.rdev >> 8) & 0xfff)));
