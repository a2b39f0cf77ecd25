import { requireProgram } from '../../sys/find-program.ts';
import type { Bundle } from '../runtime/bundle.ts';
import { globalArguments, type RuntimeLocation } from '../runtime/runtime-commands.ts';

export interface SupervisorPlan extends RuntimeLocation {
  readonly id: string;
  readonly name: string;
  readonly bundle: Bundle;
  /** Directory in which the file `<id>` appears with the exit code when the container has ended. */
  readonly exitDirectory: string;
  /** Receives all output, one line each: see `read-log.ts`. Undefined keeps no log. */
  readonly logPath: string | undefined;
  /** Size above which conmon discards the log and begins anew. */
  readonly maxLogBytes: number;
  readonly terminal: boolean;
  /** True connects standard input to the clients; otherwise it is empty. */
  readonly stdin: boolean;
  /** True keeps standard input open when a client disconnects. */
  readonly keepsStdin: boolean;
}

/** Returns the path of conmon. Throws ERR_PROGRAM_MISSING. */
export const findSupervisor = (): string => requireProgram('conmon', 'conmon');

/**
 * Returns the arguments for conmon(8), which has the runtime create the container, holds its streams and outlives us.
 * With --full-attach the socket is in the bundle under its own name. With --no-sync-log the end of a container does not
 * wait for the disk: a log need not survive a power cut.
 */
export function supervisorArguments(plan: SupervisorPlan): string[] {
  const { id, bundle } = plan;
  const values = {
    'api-version': '1',
    cid: id,
    cuuid: id,
    name: plan.name,
    runtime: plan.runtime,
    bundle: bundle.directory,
    'container-pidfile': bundle.pid,
    'conmon-pidfile': bundle.supervisorPid,
    'exit-dir': plan.exitDirectory,
    'log-path': plan.logPath === undefined ? 'none' : `k8s-file:${plan.logPath}`,
    'log-level': 'warning',
    'log-size-max': String(plan.maxLogBytes),
  };
  const forRuntime = [...globalArguments(plan), '--log', bundle.log, '--log-format', 'json'];
  return [
    ...Object.entries(values).flatMap(([name, value]) => [`--${name}`, value]),
    ...forRuntime.flatMap((argument) => ['--runtime-arg', argument]),
    '--full-attach',
    '--no-sync-log',
    ...(plan.terminal ? ['--terminal'] : []),
    ...(plan.stdin ? ['--stdin'] : []),
    ...(plan.stdin && plan.keepsStdin ? ['--leave-stdin-open'] : []),
  ];
}
