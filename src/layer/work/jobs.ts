import { type SettleJob, settleLayer } from '../apply/settle.ts';
import { type JobControl, type Spread, type SpreadJob, spreadLayer } from '../apply/spread.ts';
import { verifyRemake } from '../remake.ts';

/** Long synchronous work, as plain data: it runs on the calling thread or in a worker. */
export type Job =
  | { readonly kind: 'spread'; readonly job: SpreadJob }
  | { readonly kind: 'settle'; readonly job: SettleJob }
  | { readonly kind: 'verify'; readonly job: VerifyJob };

export interface VerifyJob {
  readonly indexPath: string;
  readonly tree: string;
}

export type JobOf<Kind extends Job['kind']> = Extract<Job, { readonly kind: Kind }>;

interface Results {
  readonly spread: Spread | undefined;
  readonly settle: boolean;
  readonly verify: boolean;
}

export type JobResult<Kind extends Job['kind']> = Results[Kind];

export function runJob(job: Job, control: JobControl): Results[Job['kind']] {
  switch (job.kind) {
    case 'spread':
      return spreadLayer(job.job, control);
    case 'settle':
      return settleLayer(job.job);
    case 'verify':
      return verifyRemake(job.job.indexPath, job.job.tree, control.check);
  }
}
