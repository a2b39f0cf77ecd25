import { WorkerHost } from '../sys/worker/worker-host.ts';
import { workerUrl } from '../sys/worker/worker-url.ts';

/** Returns a host that runs the jobs of this floor in workers. */
export const containerWorkers = (): WorkerHost => new WorkerHost(workerUrl('host-worker', import.meta.url));
