import type { JobControl } from './job-control.ts';
import type { JobOptions } from './job-thread.ts';

/** What work gets that may move its thread between mount namespaces. */
export interface HostThread<Event> extends JobControl<Event> {
  /** Gives the thread a mount namespace of its own for good, if it has none: see `unshareMounts`. */
  readonly leaveMounts: () => void;
}

/** Work that moves its thread between mount namespaces. Its plan, its events and its result are plain data. */
export interface HostJob<Plan, Event, Result> {
  /** Names it to a worker. */
  readonly kind: string;
  /** It calls {@link HostThread.leaveMounts}: a worker's thread ends with it. */
  readonly leavesMounts: boolean;
  readonly run: (plan: Plan, thread: HostThread<Event>) => Result | Promise<Result>;
}

/**
 * Where a program's jobs run that move their thread between mount namespaces. Chosen when a store is opened; nothing else
 * depends on whose process it is.
 */
export interface Host extends AsyncDisposable {
  /** This process is nothing but the engine's face: nobody else in it has the store open. */
  readonly isAlone: boolean;
  /** Resolves with the job's result, rejects with its error or, when an aborted job has ended, with the signal's reason. */
  run<Plan, Event, Result>(job: HostJob<Plan, Event, Result>, plan: Plan, options?: JobOptions<Event>): Promise<Result>;
}
