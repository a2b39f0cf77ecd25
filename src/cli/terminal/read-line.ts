import { createInterface } from 'node:readline';

/** The next line of standard input, empty at its end. Rejects with the signal's reason. */
export async function readLine(signal: AbortSignal): Promise<string> {
  signal.throwIfAborted();
  const lines = createInterface({ input: process.stdin, terminal: false });
  try {
    return await new Promise<string>((resolve, reject) => {
      lines.once('line', resolve);
      lines.once('close', () => resolve(''));
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  } finally {
    lines.close();
  }
}
