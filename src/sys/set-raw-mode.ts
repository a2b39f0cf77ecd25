import { libc } from './libc.ts';
import { lastError } from './scratch.ts';

const TCSANOW = 0;
// More than struct termios, whose largest form has 60 bytes.
const termiosBytes = 256;

/**
 * Sets a terminal to raw mode, termios(3), so that every byte passes unchanged in both directions. Node's raw mode still turns
 * each written line feed into two characters. Throws ENOTTY.
 * @returns a function that restores the settings
 */
export function setRawMode(fd: number): () => void {
  const { tcgetattr, cfmakeraw } = libc();
  const before = Buffer.alloc(termiosBytes);
  if (tcgetattr(fd, before) < 0) throw lastError('tcgetattr');
  const raw = Buffer.from(before);
  cfmakeraw(raw);
  set(fd, raw);
  return () => set(fd, before);
}

function set(fd: number, settings: Buffer): void {
  if (libc().tcsetattr(fd, TCSANOW, settings) < 0) throw lastError('tcsetattr');
}
