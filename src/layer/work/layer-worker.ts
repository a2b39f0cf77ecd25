// Runs the long synchronous jobs of src/layer for the pool.
import { serveJobs } from '../../sys/worker/serve-jobs.ts';
import { type Job, type JobEvent, type JobResult, runJob } from './jobs.ts';

const progressBytes = 4 << 20;

serveJobs<Job, JobEvent, JobResult<Job['kind']>>((job, control) => {
  let told = 0;
  return runJob(job, {
    check: control.check,
    progress: (offset) => {
      if (offset - told < progressBytes) return;
      told = offset;
      control.report({ offset });
    },
  });
});
