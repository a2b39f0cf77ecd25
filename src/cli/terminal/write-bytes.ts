import type { Writable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { StrataError } from '../../errors/index.ts';
import { reasonOf } from '../file-problem.ts';

const ignore = (): void => undefined;

// Node writes to pipes, files and terminals synchronously, so a loop of writes would never let a signal be handled.
const longestTurnMs = 20;
let turnBegan = 0;

/**
 * Writes to standard output or standard error. Resolves once the bytes are written, so that memory does not grow before
 * a slow reader. Throws ERR_OUTPUT_CLOSED once the reader has closed it.
 */
export async function writeBytes(stream: Writable, chunk: Uint8Array): Promise<void> {
  // The stream also emits the error that the callback gets, later, when nothing else listens.
  if (!stream.listeners('error').includes(ignore)) stream.on('error', ignore);
  await new Promise<void>((resolve, reject) => {
    stream.write(chunk, (error) => (error ? reject(closedOutput(stream, error)) : resolve()));
  });
  // Not performance.now(): its module takes two milliseconds to load.
  const now = Date.now();
  if (now >= turnBegan && now - turnBegan < longestTurnMs) return;
  await setImmediate();
  turnBegan = Date.now();
}

const closedOutput = (stream: Writable, cause: Error): StrataError =>
  new StrataError({
    code: 'ERR_OUTPUT_CLOSED',
    message: `write /dev/${stream === process.stderr ? 'stderr' : 'stdout'}: ${reasonOf(cause)}`,
    hint: 'Check the program or the disk that takes the output.',
    cause,
  });
