// Namespaces for programs, through util-linux: a process that has threads, as Node has, cannot enter or leave a user or
// pid namespace itself.
import { requireProgram } from './find-program.ts';

export type NamespaceKind = 'cgroup' | 'ipc' | 'mount' | 'net' | 'pid' | 'user' | 'uts';

/** A program, by absolute path, and its arguments. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
}

/**
 * The command run in new namespaces, unshare(1); mounts are private. With `pid` the command is the child that is
 * number 1 there; with `user` it is root there, mapped to this user.
 */
export function inNewNamespaces(kinds: readonly NamespaceKind[], command: Command): Command {
  const options = kinds.flatMap((kind) => {
    if (kind === 'mount') return ['--mount', '--propagation', 'private'];
    if (kind === 'pid') return ['--pid', '--fork', '--kill-child'];
    return kind === 'user' ? ['--user', '--map-root-user'] : [`--${kind}`];
  });
  return { file: requireProgram('unshare', 'util-linux'), args: [...options, '--', command.file, ...command.args] };
}

/** The command run in namespaces of a running process, nsenter(1). */
export function inNamespacesOf(pid: number, kinds: readonly NamespaceKind[], command: Command): Command {
  const options = ['--target', String(pid), ...kinds.map((kind) => `--${kind}`)];
  return { file: requireProgram('nsenter', 'util-linux'), args: [...options, '--', command.file, ...command.args] };
}
