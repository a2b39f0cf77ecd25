import { StrataError } from '../../errors/index.ts';
import { runtimeComplaint } from '../runtime/start-failure.ts';

const notFound = /executable file not found|: exec .*no such file or directory/i;

/**
 * Returns the error for a process that could not join a container: from the runtime's JSON log, or else from its
 * stderr, in docker's words. `details.exitCode` is 127 for a missing program, else 126.
 */
export function execFailure(log: string, complaint: string): StrataError {
  const text = runtimeComplaint(log, complaint).slice(0, 2000);
  const isMissing = notFound.test(text);
  return new StrataError({
    code: 'ERR_EXEC',
    message: `OCI runtime exec failed: ${text}: unknown`,
    hint: isMissing
      ? 'The container has no such program: check its name and PATH in the container.'
      : 'Check that the program can be run in the container, with that user and working directory.',
    details: { exitCode: isMissing ? 127 : 126 },
  });
}
