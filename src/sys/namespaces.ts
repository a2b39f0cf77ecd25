// Namespaces for programs, through util-linux: a process with threads, such as Node, cannot itself enter or leave a user or
// pid namespace.
import { requireProgram } from './find-program.ts';

export type NamespaceKind = 'cgroup' | 'ipc' | 'mount' | 'net' | 'pid' | 'user' | 'uts';

/** Absolute path of a program, and its arguments. */
export interface ProgramCommand {
  readonly file: string;
  readonly args: readonly string[];
}

/**
 * Wraps a command to run in new namespaces, unshare(1). Mounts are private. With `pid` the command is process 1 of its
 * namespace; with `user` it is root there, mapped to this user.
 */
export function inNewNamespaces(kinds: readonly NamespaceKind[], command: ProgramCommand): ProgramCommand {
  const options = kinds.flatMap((kind) => {
    if (kind === 'mount') return ['--mount', '--propagation', 'private'];
    if (kind === 'pid') return ['--pid', '--fork', '--kill-child'];
    return kind === 'user' ? ['--user', '--map-root-user'] : [`--${kind}`];
  });
  return { file: requireProgram('unshare', 'util-linux'), args: [...options, '--', command.file, ...command.args] };
}

/** Wraps a command to run in namespaces of a running process, nsenter(1). */
export function inNamespacesOf(pid: number, kinds: readonly NamespaceKind[], command: ProgramCommand): ProgramCommand {
  const options = ['--target', String(pid), ...kinds.map((kind) => `--${kind}`)];
  return { file: requireProgram('nsenter', 'util-linux'), args: [...options, '--', command.file, ...command.args] };
}
