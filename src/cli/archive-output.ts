import { StrataError } from '../errors/index.ts';
import type { CliContext } from './context.ts';

/** Returns the target of an archive: the file of `--output`, else standard output. Throws ERR_OUTPUT_IS_TERMINAL. */
export function archiveOutput({ outBytes }: CliContext, output: string | undefined): string | CliContext['outBytes'] {
  if (output !== undefined) return output;
  if (!process.stdout.isTTY) return outBytes;
  throw new StrataError({
    code: 'ERR_OUTPUT_IS_TERMINAL',
    message: 'cowardly refusing to save to a terminal. Use the -o flag or redirect',
  });
}
