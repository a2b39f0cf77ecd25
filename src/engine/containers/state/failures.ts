import { isStrataError, StrataError } from '../../../errors/index.ts';

/** `name` is the user's spelling. In docker's words. */
export const notRunning = (id: string, verb: string, name: string): StrataError =>
  new StrataError({
    code: 'ERR_CONTAINER_NOT_RUNNING',
    message: `cannot ${verb} container: ${name.slice(0, 256)}: container ${id} is not running`,
    hint: 'List the running containers to see which there are.',
  });

export const containerNotRunning = (id: string): StrataError =>
  new StrataError({
    code: 'ERR_CONTAINER_NOT_RUNNING',
    message: `container ${id} is not running`,
    hint: 'Start it first.',
  });

/** In docker's words. A process in an uninterruptible wait (state D) dies only when the wait is over. */
export const containerNotKilled = (task: string): StrataError =>
  new StrataError({
    code: 'ERR_CONTAINER_NOT_KILLED',
    message: `${task}: tried to kill container, but did not receive an exit event`,
    hint: "Look for a process in state D with 'ps': it waits for a disk or a server that does not answer, and ends when that does.",
  });

export const startRefusal = (why: string, hint: string): StrataError =>
  new StrataError({ code: 'ERR_CONTAINER_START_REFUSED', message: why, hint });

export const execRefusal = (message: string, hint: string): StrataError =>
  new StrataError({ code: 'ERR_EXEC_REFUSED', message, hint });

export const removalRefusal = (name: string, status: string): StrataError =>
  new StrataError({
    code: 'ERR_CONTAINER_RUNNING',
    message:
      status === 'paused'
        ? `cannot remove container "/${name}": container is paused and must be unpaused first`
        : `cannot remove container "/${name}": container is ${status}: stop the container before removing or force remove`,
    hint: 'Stop it first, or remove it by force.',
  });

/** Returns docker's exit code for a container that could not be started: 125, 126 or 127. */
export function exitCodeOfStart(error: unknown): number {
  const code = isStrataError(error) ? error.details?.['exitCode'] : undefined;
  return typeof code === 'number' ? code : 125;
}
