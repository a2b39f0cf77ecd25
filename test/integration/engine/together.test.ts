// Several processes work on one store: a step in flight is run once, and removals take nothing that is in use.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Engine } from '../../../src/engine/index.ts';
import { buildContext } from '../../helpers/build-context.ts';
import { busyboxContext } from '../../helpers/busybox-image.ts';
import { leftoversOf } from '../../helpers/leftovers.ts';
import { needs } from '../../helpers/needs.ts';
import { createRandom, isSoak, runSeed } from '../../helpers/random.ts';
import { storeRoot } from '../../helpers/store-root.ts';
import { strataPath } from '../../helpers/strata.ts';
import { untilSame } from '../../helpers/until-same.ts';
import { killedWorks } from './killed-works.ts';
import type { Inputs } from './together.fixture.ts';

const skip = needs('root', 'overlay', 'runc', 'busybox');
const seed = runSeed();

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function runProgram(file: string, args: readonly string[]): Promise<Ended> {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

async function assertClean(engine: Engine): Promise<void> {
  await engine.system.collectGarbage().result;
  // Another process may still empty the trash of a finished command.
  const left = async (): Promise<object> => {
    const { leases, mounts, ingests, indexes, steps, locks, trash } = await leftoversOf(engine);
    return { leases, mounts, ingests, indexes, steps, locks, trash };
  };
  const nothing = { leases: [], mounts: [], ingests: [], indexes: [], steps: [], locks: [], trash: [] };
  await untilSame(left, nothing);
  const { damages, orphans } = await engine.system.check().result;
  assert.deepEqual({ damages, orphans }, { damages: [], orphans: [] });
}

/** Runs so many builds at once, half of them in processes of their own; returns the images' IDs. */
async function buildsAtOnce(engine: Engine, count: number, contextOf: (at: number) => string): Promise<string[]> {
  const builds = Array.from({ length: count }, async (_, at) => {
    const context = contextOf(at);
    const tags = ['same', `own-${at}`];
    if (at % 2 === 0) return (await engine.builder.build({ context, tags }).result).id;
    const args = ['--root', engine.layout.root, 'build', '-q', ...tags.flatMap((tag) => ['-t', tag]), context];
    const { code, stdout, stderr } = await runProgram(strataPath, args);
    assert.equal(code, 0, stderr);
    return stdout.trim();
  });
  return await Promise.all(builds);
}

async function createStore(context: TestContext): Promise<Engine> {
  const engine = await Engine.open({ root: storeRoot(context) });
  context.after(async () => await engine[Symbol.asyncDispose]());
  await engine.builder.build({ context: busyboxContext(context), tags: ['base'] }).result;
  return engine;
}

const count = isSoak ? 20 : 6;

test('builds of one Dockerfile at once run each step once for all of them', { skip }, async (context) => {
  const engine = await createStore(context);
  // Such a step, run twice, gives two images.
  const random = 'RUN dd if=/dev/urandom of=/random bs=1k count=1 2>/dev/null';
  const files = buildContext(context, ['FROM base', random, 'COPY a /a', `${random}2`], { a: 'a' });
  const ids = new Set(await buildsAtOnce(engine, count, () => files));
  assert.equal(ids.size, 1, [...ids].join());
  assert.equal((await engine.images.inspect('same')).id, [...ids][0]);
  await assertClean(engine);
});

test('different builds on one base at once are all right, and the last one has their common name', {
  skip,
}, async (t) => {
  const engine = await createStore(t);
  const contextOf = (at: number): string =>
    buildContext(t, ['FROM base', 'RUN echo shared > /shared', 'COPY own /own', 'RUN cat /shared /own > /both'], {
      own: `${at}`,
    });
  const ids = await buildsAtOnce(engine, count, contextOf);
  assert.equal(new Set(ids).size, count);
  assert.ok(ids.includes((await engine.images.inspect('same')).id));
  for (const at of ids.keys()) {
    const command = ['sh', '-c', `test "$(cat /both)" = "$(cat /shared; echo ${at})"`];
    assert.equal(
      (await engine.containers.run({ image: `own-${at}`, command, remove: true }).result).exitCode,
      0,
      `${at}`,
    );
  }
  await assertClean(engine);
});

test(`removals beside other work make no work fail (STRATA_SEED=${seed})`, { skip }, async (context) => {
  const root = storeRoot(context);
  await using engine = await Engine.open({ root });
  const works = await killedWorks(context, engine);
  const inputOf = (name: string, at: number): string => works.find((work) => work.name === name)?.args.at(at) ?? '';
  const inputs: Inputs = { archive: inputOf('load', -1), tree: inputOf('import', 1), context: inputOf('build', -1) };
  const random = createRandom(seed);
  const ms = isSoak ? 180_000 : 4000;
  const fixture = join(import.meta.dirname, 'together.fixture.ts');
  const roles = isSoak ? ['work', 'work', 'work', 'remove', 'remove'] : ['work', 'work', 'remove'];
  const outcomes = await Promise.all(
    roles.map((role) =>
      runProgram(process.execPath, [fixture, root, role, `${random.next(2 ** 31)}`, `${ms}`, JSON.stringify(inputs)]),
    ),
  );
  for (const { code, stderr } of outcomes) assert.equal(code, 0, stderr);
  if (isSoak) {
    for (const { stdout } of outcomes)
      console.log(JSON.stringify({ seed, scenario: 'together', ...JSON.parse(stdout) }));
  }
  assert.equal((await engine.containers.run({ image: 'base', command: ['true'], remove: true }).result).exitCode, 0);
  await assertClean(engine);
});
