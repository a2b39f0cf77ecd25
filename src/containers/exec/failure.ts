import { StrataError } from '../../errors/index.ts';
import { runtimeComplaint } from '../runtime/start-failure.ts';

const notFound = /executable file not found|: exec .*no such file or directory/i;

/**
 * Returns the error for a process that could not join a container: from the runtime's JSON log, or else from its
 * stderr, in docker's words. `details.exitCode` is 127 for a missing program, else 126.
 */
export function execFailure(log: string, complaint: string): StrataError {
  const text = runtimeComplaint(log, complaint).slice(0, 2000);
  return new StrataError({
    code: 'ERR_EXEC',
    message: `OCI runtime exec failed: ${text}: unknown`,
    details: { exitCode: notFound.test(text) ? 127 : 126 },
  });
}
