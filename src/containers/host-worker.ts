// Runs work on mounts in threads of its own, for programs whose main thread is not ours to move.
import { serveHostJobs } from '../sys/worker/serve-host-jobs.ts';
import { foregroundJob } from './attended/foreground.ts';
import { mountTreeJob } from './mounts/mounted-tree.ts';
import { launchJob } from './supervised/launch.ts';

serveHostJobs([foregroundJob, launchJob, mountTreeJob]);
