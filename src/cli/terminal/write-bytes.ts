import type { Writable } from 'node:stream';
import { StrataError } from '../../errors/index.ts';

const ignore = (): void => undefined;

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
}

const closed = (stream: Writable, cause: Error): StrataError =>
  new StrataError({
    kind: 'unavailable',
    code: 'ERR_OUTPUT_CLOSED',
    message: `write /dev/${stream === process.stderr ? 'stderr' : 'stdout'}: ${'code' in cause && cause.code === 'EPIPE' ? 'broken pipe' : cause.message}`,
    cause,
  });
