import type { JobControl } from './job-control.ts';
import type { JobOptions } from './job-thread.ts';

/** Control of work that may move its thread between mount namespaces. */
export interface HostThread<Event> extends JobControl<Event> {
  /** Moves the thread into a new mount namespace for good, unless it has already left the first one: see `unshareMounts`. */
  readonly leaveMounts: () => void;
}

/** Work that moves its thread between mount namespaces. Its plan, its events and its result are plain data. */
export interface HostJob<Plan, Event, Result> {
  /** Name by which a worker finds the job. */
  readonly kind: string;
  /** True when the job calls {@link HostThread.leaveMounts}; it then runs in a worker of its own, which ends with it. */
  readonly leavesMounts: boolean;
  readonly run: (plan: Plan, thread: HostThread<Event>) => Result | Promise<Result>;
}

/**
 * Runs jobs that move their thread between mount namespaces. Chosen when a store is opened; nothing else depends on whether the
 * process is the command's own or a program's.
 */
export interface Host extends AsyncDisposable {
  /** True when the process runs only the engine for one command, so that no other code in it has the store open. */
  readonly isAlone: boolean;
  /** Resolves with the job's result. Rejects with its error, or with the signal's reason once an aborted job has ended. */
  run<Plan, Event, Result>(job: HostJob<Plan, Event, Result>, plan: Plan, options?: JobOptions<Event>): Promise<Result>;
}
