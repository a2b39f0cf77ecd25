import type { Writable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { StrataError } from '../../errors/index.ts';

const ignore = (): void => undefined;

// Pipes, files and terminals take all at once, so that who only writes would never hear of a signal.
const longestTurnMs = 20;
let turnBegan = 0;

/**
 * Writes to standard output or standard error and waits, so that memory does not grow before a slow reader. Throws ERR_OUTPUT_CLOSED when
 * the reader is gone.
 */
export async function writeBytes(stream: Writable, chunk: Uint8Array): Promise<void> {
  // The stream also emits what the callback gets, later, when nobody waits for it any more.
  if (!stream.listeners('error').includes(ignore)) stream.on('error', ignore);
  await new Promise<void>((resolve, reject) => {
    stream.write(chunk, (error) => (error ? reject(closed(stream, error)) : resolve()));
  });
  // Not performance.now(), whose module takes two milliseconds to load.
  const now = Date.now();
  if (now >= turnBegan && now - turnBegan < longestTurnMs) return;
  await setImmediate();
  turnBegan = Date.now();
}

const closed = (stream: Writable, cause: Error): StrataError =>
  new StrataError({
    code: 'ERR_OUTPUT_CLOSED',
    message: `write /dev/${stream === process.stderr ? 'stderr' : 'stdout'}: ${'code' in cause && cause.code === 'EPIPE' ? 'broken pipe' : cause.message}`,
    cause,
  });
