import { StrataError } from '../errors/index.ts';

const notFound =
  /executable file not found in \$PATH|exec: "[^"]*": stat [^:]*: no such file|no such file or directory/;
const notExecutable = /permission denied|is a directory|exec format error|not a directory/i;

/**
 * Why a container did not start, from the runtime's JSON log; undefined when it did, and its own process failed.
 * `details.exitCode` is docker's: 127 for a program that is not there, 126 for one that cannot be run, else 125.
 */
export function startFailure(log: string): StrataError | undefined {
  const message = log.split('\n').flatMap(errorOf).at(-1);
  if (message === undefined) return undefined;
  const text = message.replace(
    /^(?:runc run failed: |unable to start container process: |container_linux\.go:\d+: )+/,
    '',
  );
  const aboutExec = /\bexec\b/.test(text);
  const exitCode = aboutExec && notFound.test(text) ? 127 : aboutExec && notExecutable.test(text) ? 126 : 125;
  return new StrataError({
    kind: 'failed-precondition',
    code: 'ERR_CONTAINER_START',
    message: `container: ${text}`,
    ...(exitCode === 127
      ? { hint: 'The image has no such program: look at its entrypoint and command with inspect.' }
      : {}),
    details: { exitCode },
  });
}

function errorOf(line: string): string[] {
  if (!line.startsWith('{')) return [];
  try {
    const { level, msg } = JSON.parse(line) as { readonly level?: unknown; readonly msg?: unknown };
    return (level === 'error' || level === 'fatal') && typeof msg === 'string' ? [msg] : [];
  } catch {
    // A torn last line: the runtime was killed while it wrote.
    return [];
  }
}
