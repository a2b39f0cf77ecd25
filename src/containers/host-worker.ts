// Entry point of a worker that runs jobs on mounts, for programs whose main thread must not change its namespaces.
import { serveHostJobs } from '../sys/worker/serve-host-jobs.ts';
import { foregroundJob } from './foreground/foreground-job.ts';
import { mountRootJob } from './mounts/mount-root.ts';
import { launchJob } from './supervised/launch.ts';

serveHostJobs([foregroundJob, launchJob, mountRootJob]);
