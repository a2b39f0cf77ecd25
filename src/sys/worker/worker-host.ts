import type { Host, HostJob } from './host.ts';
import { type JobOptions, JobThread, runInThread } from './job-thread.ts';

/** Plan of a job, with the job's name, to send to a worker. */
export interface NamedPlan {
  readonly kind: string;
  readonly plan: unknown;
}

/** Host for a library: runs jobs in workers, because the main thread belongs to the program. `module` calls `serveHostJobs`. */
export class WorkerHost implements Host {
  readonly isAlone = false;
  readonly #module: URL;
  #thread: JobThread<NamedPlan, never, unknown> | undefined;

  constructor(module: URL) {
    this.#module = module;
  }

  async run<Plan, Event, Result>(
    { kind, leavesMounts }: HostJob<Plan, Event, Result>,
    plan: Plan,
    options: JobOptions<Event> = {},
  ): Promise<Result> {
    const job: NamedPlan = { kind, plan };
    if (leavesMounts) return await runInThread<NamedPlan, Event, Result>(this.#module, job, options);
    if (this.#thread === undefined || this.#thread.hasEnded) this.#thread = new JobThread(this.#module);
    return (await this.#thread.run(job, options)) as Result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#thread?.[Symbol.asyncDispose]();
    this.#thread = undefined;
  }
}
