import type { DiffId } from '../../spec/digest.ts';
import { type SettleJob, settleLayer } from '../apply/settle.ts';
import { type LayerJobControl, type SpreadJob, type SpreadResult, spreadLayer } from '../apply/spread.ts';
import { type DiffJob, type DiffResult, diffTree } from '../diff/diff-tree.ts';
import { readWholeIndex } from '../index-file/read-whole-index.ts';
import type { LayerFiles } from '../record-body.ts';
import { verifyRemake } from '../remake.ts';

/** Long synchronous work as plain data, to run on the calling thread or in a worker. */
export type Job =
  | { readonly kind: 'spread'; readonly job: SpreadJob }
  | { readonly kind: 'settle'; readonly job: SettleJob }
  | { readonly kind: 'read-index'; readonly job: ReadIndexJob }
  | { readonly kind: 'verify'; readonly job: VerifyJob }
  | { readonly kind: 'diff'; readonly job: DiffJob };

/** Progress of a job: bytes read of its blob. */
export interface JobEvent {
  readonly offset: number;
}

export interface ReadIndexJob {
  readonly indexPath: string;
}

export interface VerifyJob extends ReadIndexJob {
  readonly tree: LayerFiles;
}

export type JobOf<Kind extends Job['kind']> = Extract<Job, { readonly kind: Kind }>;

interface Results {
  readonly spread: SpreadResult | undefined;
  readonly settle: boolean;
  readonly 'read-index': DiffId;
  readonly verify: boolean;
  readonly diff: DiffResult;
}

export type JobResult<Kind extends Job['kind']> = Results[Kind];

export function runJob(job: Job, control: LayerJobControl): Results[Job['kind']] {
  switch (job.kind) {
    case 'spread':
      return spreadLayer(job.job, control);
    case 'settle':
      return settleLayer(job.job, control.check);
    case 'read-index':
      return readWholeIndex(job.job.indexPath, control.check);
    case 'verify':
      return verifyRemake(job.job.indexPath, job.job.tree, control.check);
    case 'diff':
      return runToEnd(diffTree(job.job, { reuseBuffer: true, check: control.check }), control.check);
  }
}

function runToEnd<Result>(steps: Generator<unknown, Result>, check: () => void): Result {
  try {
    for (let step = steps.next(); ; step = steps.next()) {
      if (step.done === true) return step.value;
      check();
    }
  } finally {
    steps.return(undefined as never);
  }
}
