/** Channels between a job and its caller: aborts come in, events go out. */
export interface JobControl<Event> {
  /** Aborts when the job must end. For jobs that wait; a job that never yields does not see it. */
  readonly signal: AbortSignal;
  /** Throws when the job must end. For jobs that do not yield; costs one read of shared memory. */
  readonly check: () => void;
  /** Sends an event without waiting. */
  readonly report: (event: Event) => void;
  /** Sends an event and resolves once the caller has handled it, so that a slow caller slows the job down. */
  readonly deliver: (event: Event) => Promise<void>;
}

/** Does a job, in a worker or on the calling thread. */
export type JobHandler<Job, Event, Result> = (job: Job, control: JobControl<Event>) => Result | Promise<Result>;
