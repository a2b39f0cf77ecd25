import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { isStrataError } from '../../../src/errors/index.ts';
import { SyscallError } from '../../../src/sys/errno.ts';
import { JobThread, runInThread } from '../../../src/sys/worker/job-thread.ts';
import { until } from '../../helpers/until.ts';
import type { PieceEvent, TestJob } from './jobs.fixture.ts';

const fixture = new URL('./jobs.fixture.ts', import.meta.url);

function threadFor(context: TestContext): JobThread<TestJob, string, string> {
  const thread = new JobThread<TestJob, string, string>(fixture);
  context.after(() => thread[Symbol.asyncDispose]());
  return thread;
}

const failureOf = async (job: Promise<unknown>): Promise<Error> =>
  await job.then(
    () => assert.fail('it succeeds'),
    (error: unknown) => error as Error,
  );

test('a thread does one job after the other, and several at a time', async (context) => {
  const thread = threadFor(context);
  assert.equal(await thread.run('double'), 'doubled');
  assert.deepEqual(await Promise.all([thread.run('double'), thread.run('events'), thread.run('double')]), [
    'doubled',
    'all dealt with',
    'doubled',
  ]);
});

test('an aborted job ends with the signal’s reason, waiting or never yielding, and the thread goes on', async (context) => {
  const thread = threadFor(context);
  for (const job of ['wait', 'spin'] as const) {
    const controller = new AbortController();
    const reason = new Error('enough');
    const running = thread.run(job, { signal: controller.signal, onEvent: () => controller.abort(reason) });
    assert.equal(await failureOf(running), reason);
    assert.equal(await thread.run('double'), 'doubled');
  }
  assert.equal(await failureOf(thread.run('double', { signal: AbortSignal.abort('before') })), 'before');
});

test('a job waits until an event that it delivers has been handled', async (context) => {
  const thread = threadFor(context);
  const log: string[] = [];
  const onEvent = async (event: string): Promise<void> => {
    log.push(`${event} begins`);
    await new Promise((resolve) => setTimeout(resolve, 20));
    log.push(`${event} ends`);
  };
  await thread.run('events', { onEvent });
  assert.deepEqual(
    log,
    [0, 1, 2].flatMap((at) => [`event ${at} begins`, `event ${at} ends`]),
  );
  const failure = new Error('cannot deal with it');
  assert.equal(await failureOf(thread.run('events', { onEvent: () => Promise.reject(failure) })), failure);
});

test('a part of larger memory is sent without the rest, which the job keeps', async (context) => {
  const thread = new JobThread<TestJob, PieceEvent, string>(fixture);
  context.after(() => thread[Symbol.asyncDispose]());
  const seen: unknown[] = [];
  const onEvent = ({ at, bytes }: PieceEvent): void =>
    void seen.push([at, [...bytes.subarray(0, 2)], bytes.buffer.byteLength]);
  assert.equal(await thread.run('pieces', { onEvent }), '65536 bytes are still there');
  assert.deepEqual(seen, [...[0, 1, 2].map((at) => [at, [at, at + 1], 2]), [3, [0, 1], 65_536]]);
});

test('disposal waits for the jobs', async () => {
  const thread = new JobThread<TestJob, string, string>(fixture);
  let disposal: Promise<void> | undefined;
  const onEvent = async (): Promise<void> => {
    disposal ??= thread[Symbol.asyncDispose]();
    await new Promise((resolve) => setTimeout(resolve, 20));
  };
  assert.equal(await thread.run('events', { onEvent }), 'all dealt with');
  await disposal;
});

test('a job whose event handler fails is aborted, and its own thread ends with it', async () => {
  const failure = new Error('cannot deal with it');
  const onEvent = (): never => {
    throw failure;
  };
  for (const job of ['wait', 'events'] as const)
    assert.equal(await failureOf(runInThread<TestJob, string, string>(fixture, job, { onEvent })), failure);
});

test('a StrataError arrives with code, hint, details and its causes', async (context) => {
  const error = await failureOf(threadFor(context).run('strata'));
  assert.ok(isStrataError(error, 'ERR_PATH_HAS_NUL'));
  const { kind, message, hint, details, cause } = error;
  assert.deepEqual(
    { kind, message, hint, details },
    { kind: 'invalid-argument', message: 'path: no', hint: 'Do otherwise.', details: { path: ['a', 1] } },
  );
  assert.ok(cause instanceof Error && cause.message === 'outer');
  assert.ok(isStrataError(cause.cause, 'ERR_STORE_READ_ONLY'));
  assert.match(error.stack ?? '', /jobs\.fixture/);
});

test('a failed system call arrives as one, of Strata or of Node', async (context) => {
  const thread = threadFor(context);
  for (const [job, syscall, path] of [
    ['system call', 'openat', '/nowhere/at all'],
    ['of Node', 'open', '/nowhere/of node'],
  ] as const) {
    const error = await failureOf(thread.run(job));
    assert.ok(error instanceof SyscallError);
    assert.deepEqual(
      [error.syscall, error.path, error.errnoName, error.code, error.message],
      [syscall, path, 'ENOENT', 'ERR_SYSCALL_NOT_FOUND', `${syscall} ${path}: ENOENT`],
    );
  }
  assert.equal((await failureOf(thread.run('plain'))).message, 'just so');
});

test('a thread that dies fails its jobs and later ones', async (context) => {
  const thread = threadFor(context);
  const controller = new AbortController();
  const waiting = thread.run('wait', { signal: controller.signal });
  assert.ok(isStrataError(await failureOf(thread.run('die')), 'ERR_WORKER_DIED'));
  assert.ok(isStrataError(await failureOf(waiting), 'ERR_WORKER_DIED'));
  assert.ok(isStrataError(await failureOf(thread.run('double')), 'ERR_WORKER_DIED'));
  assert.equal(thread.hasEnded, true);
});

test('a thread for one job ends with it', async () => {
  const before = readdirSync('/proc/self/task').length;
  assert.equal(await runInThread<TestJob, string, string>(fixture, 'double'), 'doubled');
  await failureOf(runInThread<TestJob, string, string>(fixture, 'plain'));
  await until(
    () => readdirSync('/proc/self/task').length <= before,
    () => 'a thread stays',
  );
});
