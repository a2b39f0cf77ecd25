import { StrataError } from '../../errors/index.ts';

// dockerd's own patterns for the runtime's message (daemon/errors.go).
const notFound = /executable file not found|no such file or directory/i;
const notExecutable = /permission denied|is a directory/i;

const hints: readonly (readonly [RegExp, string])[] = [
  [
    /^exec: "-.*(executable file not found|no such file)/i,
    'Everything after the image (with exec, after the container) is the command to run: options go before it.',
  ],
  [
    /^exec: .*(executable file not found|no such file)/i,
    'The image has no such program: look at its entrypoint and command with inspect.',
  ],
  [
    /^exec: .*(permission denied|is a directory)/i,
    'It is a directory, not marked as executable (chmod +x), or in a folder that is closed to the user.',
  ],
  // In a container the topmost visible group has processes. Below it runc then limits the number of threads and nothing
  // else.
  [
    /cannot enter cgroupv2 .* with domain controllers/,
    'The topmost control group has processes, as in a container. In /sys/fs/cgroup: rmdir strata, write -NAME for each NAME' +
      ' in cgroup.subtree_control into that, and move the processes into a group such as init.',
  ],
  [
    /cgroup.*\/(cpu|cpuset|memory|pids|io)\.[\w.]+: no such file/,
    'The kernel, or the control group above, has no controller for this limit: see /sys/fs/cgroup/cgroup.controllers.',
  ],
  [
    /cgroup.*(permission denied|read-only file system)|no cgroup mount found|cgroup mountpoint does not exist/i,
    'Containers need control groups, and none can be made here. Run this as root outside of user namespaces; in a' +
      ' container, give that one /sys/fs/cgroup to write to (as docker run --privileged does).',
  ],
];

const otherHint = 'The message comes from the runtime: check the image, and the options that the message is about.';

/**
 * Returns the error for a container that did not start, from the runtime's JSON log, or else from its stderr.
 * `details.exitCode` is docker's: 127 for a missing file, 126 for one that cannot be run or entered, else 125.
 */
export function startFailure(log: string, complaint: string): StrataError {
  const text = runtimeComplaint(log, complaint).replace(
    /^(?:runc (?:run|create) failed: |unable to start container process: |container_linux\.go:\d+: )+/,
    '',
  );
  const exitCode = notFound.test(text) ? 127 : notExecutable.test(text) ? 126 : 125;
  const [, hint = otherHint] = hints.find(([pattern]) => pattern.test(text)) ?? [];
  return new StrataError({
    code: 'ERR_CONTAINER_START',
    message: `container: ${text.slice(0, 2000)}`,
    hint,
    details: { exitCode },
  });
}

/** Returns the last error in the runtime's JSON log, or else its stderr. */
export const runtimeComplaint = (log: string, complaint: string): string =>
  log.split('\n').flatMap(errorOf).at(-1) ?? (complaint.trim() || 'the runtime did not say why');

function errorOf(line: string): string[] {
  if (!line.startsWith('{')) return [];
  try {
    const { level, msg } = JSON.parse(line) as { readonly level?: unknown; readonly msg?: unknown };
    return (level === 'error' || level === 'fatal') && typeof msg === 'string' ? [msg] : [];
  } catch {
    // An incomplete last line: the runtime was killed while it wrote.
    return [];
  }
}
