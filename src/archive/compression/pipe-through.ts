import type { Transform } from 'node:stream';
import type { SourceReader } from './source-reader.ts';

export type WriteChunk = (chunk: Uint8Array) => Promise<void>;

/**
 * Yields the output of `transform` while `feed` writes its input, under the transform's back-pressure. `feed` awaits each write
 * and ends the transform. The first failure ends everything and is thrown; leaving early closes the source. The receiver may keep
 * the chunks.
 */
export async function* pipeThrough(
  transform: Transform,
  reader: SourceReader,
  feed: (write: WriteChunk) => Promise<void>,
): AsyncGenerator<Uint8Array, void> {
  let failure: { readonly reason: unknown } | undefined;
  let rejectWrite: ((reason: unknown) => void) | undefined;
  // A transform that fails never calls back the write in progress.
  transform.once('close', () => rejectWrite?.(transform.errored ?? new Error('the transform was closed')));
  const write: WriteChunk = (chunk) =>
    new Promise((resolve, reject) => {
      rejectWrite = reject;
      transform.write(chunk, (error) => (error ? reject(error) : resolve()));
    });
  transform.on('error', () => {});
  const feeding = feed(write).catch((reason: unknown) => {
    failure ??= { reason };
    transform.destroy();
  });
  try {
    yield* transform as AsyncIterable<Uint8Array>;
    await feeding;
  } catch (reason) {
    // A destroyed transform only reports that it closed too early; the failure of `feed` has the reason.
    failure ??= { reason };
  } finally {
    transform.destroy();
    await reader[Symbol.asyncDispose]();
    await feeding;
  }
  if (failure) throw failure.reason;
}
