import type { Transform } from 'node:stream';
import type { SourceReader } from './source-reader.ts';

export type Write = (piece: Uint8Array) => Promise<void>;

/**
 * What `transform` makes of the pieces that `feed` writes, while `feed` goes on writing; the transform's own
 * back-pressure holds it back. `feed` waits for each write, and ends the transform. Whoever fails first ends all;
 * leaving early closes the source. Chunks belong to the receiver.
 */
export async function* transformed(
  transform: Transform,
  reader: SourceReader,
  feed: (write: Write) => Promise<void>,
): AsyncGenerator<Uint8Array, void> {
  let failure: { readonly reason: unknown } | undefined;
  let rejectWrite: ((reason: unknown) => void) | undefined;
  // The write under way when a transform fails is never called back.
  transform.once('close', () => rejectWrite?.(transform.errored ?? new Error('the transform was closed')));
  const write: Write = (piece) =>
    new Promise((resolve, reject) => {
      rejectWrite = reject;
      transform.write(piece, (error) => (error ? reject(error) : resolve()));
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
    // A destroyed transform only says that it closed too early; the feeder knows why.
    failure ??= { reason };
  } finally {
    transform.destroy();
    await reader[Symbol.asyncDispose]();
    await feeding;
  }
  if (failure) throw failure.reason;
}
