// A worker for worker.test.ts.
import { openSync } from 'node:fs';
import { StrataError } from '../../../src/errors/index.ts';
import { AT_FDCWD, O_RDONLY } from '../../../src/sys/constants.ts';
import { openAt } from '../../../src/sys/fs-at.ts';
import { serveJobs } from '../../../src/sys/worker/serve-jobs.ts';

export type TestJob =
  | 'double'
  | 'wait'
  | 'spin'
  | 'events'
  | 'pieces'
  | 'strata'
  | 'system call'
  | 'of Node'
  | 'plain'
  | 'die';

/** Event of the job `pieces`. */
export interface PieceEvent {
  readonly at: number;
  readonly bytes: Uint8Array;
}

serveJobs<TestJob, string | PieceEvent, string>(async (job, { signal, check, report, deliver }) => {
  switch (job) {
    case 'double':
      return 'doubled';
    case 'wait':
      report('waiting');
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      throw signal.reason;
    case 'spin':
      report('spinning');
      for (;;) check();
    case 'events':
      for (let at = 0; at < 3; at++) await deliver(`event ${at}`);
      return 'all dealt with';
    case 'pieces': {
      const memory = Uint8Array.from({ length: 1 << 16 }, (_, at) => at);
      for (let at = 0; at < 3; at++) await deliver({ at, bytes: memory.subarray(at, at + 2) });
      await deliver({ at: 3, bytes: memory });
      return `${memory.length} bytes are still there`;
    }
    case 'strata':
      throw new StrataError({
        code: 'ERR_PATH_HAS_NUL',
        message: 'path: no',
        hint: 'Do otherwise.',
        details: { path: ['a', 1] },
        cause: new Error('outer', { cause: new StrataError({ code: 'ERR_STORE_READ_ONLY', message: 'inner' }) }),
      });
    case 'system call':
      return String(openAt(AT_FDCWD, '/nowhere/at all', O_RDONLY));
    case 'of Node':
      return String(openSync('/nowhere/of node', 'r'));
    case 'plain':
      throw new TypeError('just so');
    case 'die':
      process.exit(3);
  }
});
