import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, globSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Engine } from '../../../src/engine/index.ts';
import { buildContext } from '../../helpers/build-context.ts';
import { busyboxContext } from '../../helpers/busybox-image.ts';
import { assertNothingLeft, leftoversOf, untilNothingLeft } from '../../helpers/leftovers.ts';
import { needs } from '../../helpers/needs.ts';
import { createRandom } from '../../helpers/random.ts';
import { recordBuild } from '../../helpers/record-build.ts';
import { sleepers, unusualSeconds, wake } from '../../helpers/sleepers.ts';
import { placesOf } from '../../helpers/store-places.ts';
import { storeRoot } from '../../helpers/store-root.ts';
import { strataPath } from '../../helpers/strata.ts';
import { until } from '../../helpers/until.ts';

const skip = needs('root', 'overlay', 'runc', 'busybox');

async function createStore(t: TestContext): Promise<Engine> {
  const engine = await Engine.open({ root: storeRoot(t) });
  t.after(() => engine[Symbol.asyncDispose]());
  await engine.builder.build({ context: busyboxContext(t), tags: ['base'] }).result;
  return engine;
}

const untilSo = async (look: () => boolean | Promise<boolean>): Promise<void> =>
  await until(look, () => `waited in vain: ${String(look)}`);

test('a build aborted at any moment leaves nothing', { skip }, async (t) => {
  const engine = await createStore(t);
  const random = createRandom(3);
  const context = buildContext(t, ['FROM base', 'RUN trap "" TERM INT; while true; do sleep 1; done']);
  for (let round = 0; round < 6; round++) {
    const controller = new AbortController();
    const reason = new Error('enough');
    const building = engine.builder.build({ context, signal: controller.signal });
    await sleep(random.next(25) * 10);
    controller.abort(reason);
    await assert.rejects(building.result, (error) => error === reason);
    await assertNothingLeft(engine);
  }
});

test('disposal ends a step and waits for it, even when its reader is stuck', { skip }, async (t) => {
  const engine = await createStore(t);
  const context = buildContext(t, ['FROM base', 'RUN yes']);
  {
    await using operation = engine.builder.build({ context });
    for await (const event of operation) if (event.type === 'log') break;
  }
  await assertNothingLeft(engine);
  {
    await using operation = engine.builder.build({ context });
    const reader = operation[Symbol.asyncIterator]();
    await reader.next();
    await sleep(200);
  }
  await assertNothingLeft(engine);
});

test('a failing step cancels those beside it, and they leave nothing', { skip }, async (t) => {
  const engine = await createStore(t);
  const [failing, beside] = [unusualSeconds(), unusualSeconds()];
  const context = buildContext(t, [
    'FROM base AS a',
    `RUN sleep ${failing}; exit 4`,
    'FROM base',
    `RUN sleep ${beside}`,
    'COPY --from=a /etc /y',
  ]);
  const cached = await engine.builder.list();
  await using operation = engine.builder.build({ context });
  const moves: string[] = [];
  const reading = (async () => {
    for await (const event of operation) {
      if (event.type === 'step') moves.push(`${event.vertex.name} ${event.step.state}`);
    }
  })();
  await untilSo(() => sleepers(beside).length > 0);
  await wake(failing);
  await assert.rejects(operation.result, { code: 'ERR_RUN_FAILED' });
  await reading;
  assert.deepEqual(sleepers(beside), []);
  await assertNothingLeft(engine);
  assert.deepEqual(moves.filter((move) => / (?:failed|canceled|done|hit)$/.test(move)).toSorted(), [
    `[a 1/1] RUN sleep ${failing}; exit 4 failed`,
    `[stage-1 1/2] RUN sleep ${beside} canceled`,
  ]);
  assert.ok(!moves.some((move) => move.includes('COPY')), 'what had not begun is not told of');
  assert.deepEqual(await engine.builder.list(), cached);
});

test('processes that a step leaves running end with it', { skip }, async (t) => {
  const engine = await createStore(t);
  const mark = unusualSeconds();
  const script = `sleep ${mark} & (sleep ${mark} >/dev/null 2>&1 &) ; trap "" HUP TERM; sleep ${mark} & echo started`;
  const { log } = await recordBuild(engine, {
    context: buildContext(t, ['FROM base', `RUN ${script}`, 'RUN echo next']),
  });
  assert.equal(log, 'started\nnext\n');
  assert.deepEqual(sleepers(mark), []);
  await assertNothingLeft(engine);
});

test('much output, and a line without end, take little memory', { skip }, async (t) => {
  const engine = await createStore(t);
  const measureRun = async (script: string): Promise<{ readonly bytes: number; readonly grown: number }> => {
    const before = process.memoryUsage().rss;
    let [bytes, most] = [0, 0];
    await using operation = engine.builder.build({ context: buildContext(t, ['FROM base', `RUN ${script}`]) });
    for await (const event of operation) {
      if (event.type !== 'log') continue;
      bytes += event.lines.length;
      most = Math.max(most, process.memoryUsage().rss);
    }
    await operation.result;
    return { bytes, grown: most - before };
  };
  const long = await measureRun('dd if=/dev/zero bs=1000000 count=10 2>/dev/null; echo');
  assert.equal(long.bytes, 10_000_001);
  const much = await measureRun('yes "a line of a log, of a usual length, as programs write them" | head -c 100000000');
  assert.equal(much.bytes, 100_000_000);
  for (const { grown } of [long, much]) assert.ok(grown < 150 << 20, `${grown >> 20} MiB more`);
});

interface Command {
  readonly child: ChildProcess;
  readonly text: () => string;
  /** Resolves with the exit code once all output has been read. */
  readonly ended: Promise<number | null>;
}

/** Starts a build by the command, with progress in lines. */
function startBuild(t: TestContext, root: string, context: string): Command {
  const child = spawn(strataPath, ['--root', root, 'build', '--progress', 'plain', context]);
  t.after(() => child.kill('SIGKILL'));
  let text = '';
  child.stderr.setEncoding('utf8').on('data', (more: string) => (text += more));
  return { child, text: () => text, ended: new Promise((resolve) => child.once('close', resolve)) };
}

for (const signal of ['SIGKILL', 'SIGHUP', 'SIGTERM', 'SIGINT'] as const) {
  test(`a step ends when its command gets ${signal}`, { skip }, async (t) => {
    const engine = await createStore(t);
    const mark = unusualSeconds();
    const context = buildContext(t, ['FROM base', `RUN sleep ${mark}`]);
    const { child, ended } = startBuild(t, engine.layout.root, context);
    await untilSo(() => sleepers(mark).length > 0);
    const { steps } = await leftoversOf(engine);
    assert.equal(steps.length, 1);
    child.kill(signal);
    await ended;
    await untilSo(() => sleepers(mark).length === 0);
    await untilSo(async () => (await leftoversOf(engine)).states.length === 0);
    assert.deepEqual((await leftoversOf(engine)).mounts, []);
    // The next command that builds removes the rest.
    await engine.builder.build({ context: buildContext(t, ['FROM base', 'LABEL a=b']) }).result;
    // The process that watches the runtime goes on for a second.
    await untilNothingLeft(engine);
    assert.deepEqual(
      globSync('/sys/fs/cgroup/{*/,}strata/*').filter((group) => steps.some((step) => group.endsWith(step))),
      [],
    );
  });
}

test('work that creates or starts containers removes the steps of a killed build', { skip }, async (t) => {
  const engine = await createStore(t);
  const mark = unusualSeconds();
  const { child, ended } = startBuild(t, engine.layout.root, buildContext(t, ['FROM base', `RUN sleep ${mark}`]));
  await untilSo(() => sleepers(mark).length > 0);
  child.kill('SIGKILL');
  await ended;
  assert.equal((await leftoversOf(engine)).steps.length, 1);
  const { id } = await engine.containers.create({ image: 'base', command: ['true'] });
  const { steps, states } = await leftoversOf(engine);
  assert.deepEqual([steps, states], [[], []]);
  assert.deepEqual(sleepers(mark), []);

  const bundle = join(placesOf(engine).steps, '0123456789abcdef0123-1');
  for (const work of [
    () => engine.containers.start(id),
    () => engine.containers.run({ image: 'base', command: ['true'], remove: true }).result,
  ]) {
    mkdirSync(bundle, { recursive: true });
    await work();
    assert.equal(existsSync(bundle), false, String(work));
  }
  await engine.containers.remove(id, { force: true });
});

test('two processes with the same build run each step once, and one takes over when the other is killed', {
  skip,
}, async (t) => {
  const engine = await createStore(t);
  const mark = unusualSeconds();
  const context = buildContext(t, [
    'FROM base',
    'RUN sleep 0.5; echo one',
    'RUN echo two',
    'RUN sleep 0.3; echo three',
  ]);
  const both = [startBuild(t, engine.layout.root, context), startBuild(t, engine.layout.root, context)];
  assert.deepEqual(await Promise.all(both.map(({ ended }) => ended)), [0, 0]);
  const output = both.map(({ text }) => text()).join('');
  for (const word of ['one', 'two', 'three']) {
    assert.equal(output.match(new RegExp(`^#\\d+ [0-9.]+ ${word}$`, 'gm'))?.length, 1, `${word} in ${output}`);
  }
  assert.equal(output.match(/CACHED/g)?.length, 3);

  const slow = buildContext(t, ['FROM base', `RUN sleep ${mark} || echo done here`]);
  const first = startBuild(t, engine.layout.root, slow);
  await untilSo(() => sleepers(mark).length > 0);
  const firsts = sleepers(mark);
  const second = startBuild(t, engine.layout.root, slow);
  await untilSo(() => second.text().includes('RUN'));
  first.child.kill('SIGKILL');
  await untilSo(() => sleepers(mark).some((pid) => !firsts.includes(pid)));
  await wake(mark);
  assert.equal(await second.ended, 0, second.text());
  assert.match(second.text(), /done here/);
  await engine.builder.build({ context: buildContext(t, ['FROM base', 'LABEL a=b']) }).result;
  await untilNothingLeft(engine);
});
