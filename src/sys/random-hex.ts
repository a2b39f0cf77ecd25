import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';

/**
 * Returns `bytes` random bytes as hex digits, for names that must be unique and hard to guess. Loading node:crypto instead
 * takes 5 ms, a tenth of a short command. Linux never cuts a read of up to 256 bytes short: random(4).
 */
export function randomHex(bytes: number): string {
  const buffer = Buffer.allocUnsafeSlow(bytes);
  return readUrandom(buffer) === bytes ? buffer.toString('hex') : randomBytes(bytes).toString('hex');
}

/** Returns the number of bytes read, 0 when the device does not exist or no descriptor is left. */
function readUrandom(buffer: Uint8Array): number {
  try {
    const fd = openSync('/dev/urandom', 'r');
    try {
      return readSync(fd, buffer);
    } finally {
      closeSync(fd);
    }
  } catch {
    return 0;
  }
}
