import { StrataError } from '../../errors/index.ts';
import { runtimeComplaint } from '../runtime/start-failure.ts';

const notFound = /executable file not found|: exec .*no such file or directory/i;

const hints: readonly (readonly [RegExp, string])[] = [
  [
    /: exec:? .*(?:executable file not found|no such file or directory)/i,
    'The container has no such program: check its name, and PATH in the container.',
  ],
  [
    /stopped container|container (?:that has stopped|does not exist)/i,
    'The container has ended meanwhile. Start it, and try again.',
  ],
];

const otherHint = 'Check that the program can be run in the container, with that user and working directory.';

/**
 * Returns the error for a process that could not join a container: from the runtime's JSON log, or else from its
 * stderr, in docker's words. `details.exitCode` is 127 for a missing program, else 126.
 */
export function execFailure(log: string, complaint: string): StrataError {
  const text = runtimeComplaint(log, complaint).slice(0, 2000);
  const [, hint = otherHint] = hints.find(([pattern]) => pattern.test(text)) ?? [];
  return new StrataError({
    code: 'ERR_EXEC',
    message: `OCI runtime exec failed: ${text}: unknown`,
    hint,
    details: { exitCode: notFound.test(text) ? 127 : 126 },
  });
}
