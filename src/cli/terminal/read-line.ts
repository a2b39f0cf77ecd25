const lineFeed = 0x0a;
// The limit of docker's scanner. A longer line is no answer to a question.
const maxLineBytes = 64 << 10;

/** Reads the next line of standard input: empty at its end, and for a line above 64 KiB. Rejects with the signal's reason. */
export async function readLine(signal: AbortSignal): Promise<string> {
  signal.throwIfAborted();
  const { stdin } = process;
  const chunks: Buffer[] = [];
  let length = 0;
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const onEnd = (): void => resolve(Buffer.concat(chunks).toString('utf8'));
  const onData = (chunk: Buffer): void => {
    const end = chunk.indexOf(lineFeed);
    chunks.push(end < 0 ? chunk : chunk.subarray(0, end));
    length += chunk.length;
    if (end >= 0) onEnd();
    else if (length > maxLineBytes) resolve('');
  };
  const onAbort = (): void => reject(signal.reason);
  stdin.on('data', onData).on('end', onEnd).on('error', onEnd);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await promise;
  } finally {
    signal.removeEventListener('abort', onAbort);
    // The error listener stays: a later error must not crash the process.
    stdin.off('data', onData).off('end', onEnd);
    stdin.pause();
  }
}
