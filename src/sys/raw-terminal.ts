import { libc } from './libc.ts';
import { lastError } from './scratch.ts';

const TCSANOW = 0;
// struct termios has 60 bytes where it is largest.
const termiosBytes = 256;

/**
 * Makes a terminal pass on every byte as it is, both ways, and answers how to give it back its settings, termios(3).
 * Node's raw mode still turns each line feed that is written into two characters. Throws ENOTTY.
 */
export function makeRaw(fd: number): () => void {
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
