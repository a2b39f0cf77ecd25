/** What a job is given beside its data. */
export interface JobControl<Event> {
  /** Aborts when the job is to end. For jobs that wait; one that never yields does not see it. */
  readonly signal: AbortSignal;
  /** Throws when the job is to end. For jobs that do not yield; costs a look at a word of memory. */
  readonly check: () => void;
  /** Sends an event and goes on. */
  readonly report: (event: Event) => void;
  /** Sends an event, and resolves when it has been dealt with: a slow reader holds the job up. */
  readonly deliver: (event: Event) => Promise<void>;
}

/** Does a job; also when it runs on the calling thread. */
export type JobHandler<Job, Event, Result> = (job: Job, control: JobControl<Event>) => Result | Promise<Result>;
