import { unshareMounts } from '../unshare.ts';
import type { Host, HostJob } from './host.ts';
import type { JobOptions } from './job-thread.ts';

/** Host for a command: runs jobs on the main thread, on which no other code depends, and so saves starting a worker. */
export class MainThreadHost implements Host {
  readonly isAlone = true;
  #hasLeft = false;

  async run<Plan, Event, Result>(
    job: HostJob<Plan, Event, Result>,
    plan: Plan,
    { signal = new AbortController().signal, onEvent }: JobOptions<Event> = {},
  ): Promise<Result> {
    signal.throwIfAborted();
    return await job.run(plan, {
      signal,
      check: () => signal.throwIfAborted(),
      report: (event) => void onEvent?.(event),
      deliver: async (event) => await onEvent?.(event),
      leaveMounts: () => {
        if (!this.#hasLeft) unshareMounts();
        this.#hasLeft = true;
      },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // There is no thread to end.
  }
}
