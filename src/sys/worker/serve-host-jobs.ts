import { unshareMounts } from '../unshare.ts';
import type { HostJob } from './host.ts';
import { serveJobs } from './serve-jobs.ts';
import type { NamedPlan } from './worker-host.ts';

/** Serves jobs of a `WorkerHost`, in its worker. */
export function serveHostJobs(jobs: readonly HostJob<never, unknown, unknown>[]): void {
  serveJobs<NamedPlan, unknown, unknown>(({ kind, plan }, control) => {
    const job = jobs.find((candidate) => candidate.kind === kind);
    if (job === undefined) throw new Error(`host job ${kind}: unknown`);
    return job.run(plan as never, {
      get signal() {
        return control.signal;
      },
      check: control.check,
      report: control.report,
      deliver: control.deliver,
      leaveMounts: unshareMounts,
    });
  });
}
