// The worker of the pool: runs the long synchronous jobs of src/layer.
import { serveJobs } from '../../sys/worker/serve-jobs.ts';
import { type Job, type JobEvent, type JobResult, runJob } from './jobs.ts';

const progressBytes = 4 << 20;

serveJobs<Job, JobEvent, JobResult<Job['kind']>>((job, control) => {
  let reported = 0;
  return runJob(job, {
    check: control.check,
    progress: (offset) => {
      if (offset - reported < progressBytes) return;
      reported = offset;
      control.report({ offset });
    },
  });
});
