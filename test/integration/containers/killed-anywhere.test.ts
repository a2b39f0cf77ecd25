// SIGKILL of the command, of conmon, of runc, or of the future container process, at any moment of any work on
// containers: the next command sees the truth, nothing acknowledged is lost, and nothing stays.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Engine } from '../../../src/engine/index.ts';
import { temporaryFolder } from '../../helpers/build-folder.ts';
import { needs } from '../../helpers/needs.ts';
import { createRandom, isSoak, type Random, runSeed } from '../../helpers/random.ts';
import { strataPath } from '../../helpers/strata.ts';
import { testStore } from '../../helpers/test-store.ts';
import { patienceMs, until } from '../../helpers/until.ts';
import { untilSame } from '../../helpers/until-same.ts';
import { leftOf, readTrueState } from './container-state.ts';
import { allProcesses, isThere, killVictim } from './kill-victim.ts';
import { type KilledVerb, killedVerbs, type Victim } from './killed-verbs.ts';

const skip = needs('root', 'overlay', 'runc', 'conmon', 'busybox');
const seed = runSeed();
// First point of an interrupted soak to go on with: a point depends on the seed and its own number only.
const first = Number(process.env['STRATA_FIRST_POINT'] ?? 0);

interface Ended {
  readonly ms: number;
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Running extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** Starts the command. Its output goes into files, since others may hold its streams longer than it lives. */
function begin(folder: string, root: string, args: readonly string[]): Running {
  const began = performance.now();
  const paths = ['stdout', 'stderr'].map((name) => join(folder, name));
  const fds = paths.map((path) => openSync(path, 'w'));
  const child = spawn(strataPath, ['--root', root, ...args], { stdio: ['ignore', ...fds] });
  for (const fd of fds) closeSync(fd);
  const ended = once(child, 'exit', { signal: AbortSignal.timeout(patienceMs) }).then(([code]) => {
    const [stdout = '', stderr = ''] = paths.map((path) => readFileSync(path, 'latin1'));
    return { ms: Math.round(performance.now() - began), code: code as number | null, stdout, stderr };
  });
  return {
    child,
    ended,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await ended.catch(() => undefined);
    },
  };
}

async function untilGone(pids: readonly number[]): Promise<void> {
  await until(
    () => !pids.some(isThere),
    () => `does not end: ${pids.filter(isThere).join()}`,
    2,
  );
}

/** Times of the command to start and to do its work, as the machine is now. */
class Pace {
  idle = 0;
  readonly #whole = new Map<string, number>();

  took({ name }: KilledVerb, ms: number): void {
    this.#whole.set(name, ms);
    // The machine has become faster.
    this.idle = Math.min(this.idle, ms);
  }

  /**
   * Returns a moment between the opening of the store and a little after the end; the rest of the command's life is
   * Node's.
   */
  moment({ name }: KilledVerb, random: Random): number {
    const whole = this.#whole.get(name) ?? this.idle * 2;
    return Math.round(this.idle * 0.6 + (random.next(1000) / 1000) * Math.max(whole * 1.1 - this.idle * 0.6, 20));
  }
}

/** Removes all containers but the two untouched ones; creates one first when there is none to remove. */
async function removeEverything({ containers }: Engine): Promise<void> {
  const all = (await containers.list({ all: true })).filter(({ name }) => !['kept', 'made'].includes(name));
  const ids = all.length === 0 ? [(await containers.create({ image: 'busybox' })).id] : all.map(({ id }) => id);
  for (const id of ids) await containers.remove(id, { force: true });
}

interface Point {
  readonly verb: KilledVerb;
  readonly victim: Victim;
  readonly point: number;
}

const kinds = killedVerbs.flatMap((verb) => verb.victims.map((victim) => ({ verb, victim })));

/**
 * For a soak a hundred points of each kind, after one of each verb without a kill for its time; else one point of each
 * verb, with a victim by the seed.
 */
function pickPoints(): Point[] {
  if (!isSoak) {
    const random = createRandom(seed);
    return killedVerbs.map((verb) => ({ verb, victim: random.pick(verb.victims), point: 0 }));
  }
  const wanted = new RegExp(process.env['STRATA_KINDS'] ?? '');
  const unharmed = killedVerbs.map((verb) => ({ verb, victim: 'nobody', point: 0 }) as const);
  const struck = kinds
    .filter(({ verb, victim }) => wanted.test(`${verb.name} ${victim}`))
    .flatMap((kind) => Array.from({ length: 100 - first }, (_, at) => ({ ...kind, point: first + at })));
  return [...unharmed, ...struck];
}

test(`containers survive kills at any moment (STRATA_SEED=${seed})`, { skip }, async (t) => {
  const store = await testStore(t, { busybox: 'busybox' });
  const { root } = store.layout;
  const folder = temporaryFolder(t, 'streams');
  // These two containers are touched by no verb.
  await store.containers.create({ image: 'busybox', name: 'kept', command: ['sleep', '1000000'] });
  await store.containers.start('kept');
  await store.containers.create({ image: 'busybox', name: 'made' });
  const others = await Promise.all(['kept', 'made'].map(async (name) => await readTrueState(store, name)));
  const baseline = await leftOf(store, []);
  const pace = new Pace();
  {
    await using idle = begin(folder, root, ['images', '-q']);
    pace.idle = (await idle.ended).ms;
  }

  /** Does one kill and checks the outcome; returns a report. */
  async function strike({ verb, victim, point }: Point): Promise<object> {
    const random = createRandom(
      seed + 1000 * kinds.findIndex((kind) => kind.verb === verb && kind.victim === victim) + point,
    );
    await using before = await Engine.open({ root });
    const early = allProcesses();
    await verb.prepare?.(before);
    const afterMs = pace.moment(verb, random);
    await using running = begin(folder, root, verb.args);
    let isOver = false;
    const ended = running.ended.finally(() => (isOver = true));
    const killed = await killVictim({
      engine: before,
      verb,
      victim,
      random,
      command: running.child.pid ?? 0,
      isOver: () => isOver,
      afterMs,
      others: verb.isSupervised === true ? early : allProcesses(),
    });
    if (verb.stays === true && killed.length === 0) running.child.kill('SIGKILL');
    const { ms, code, stdout, stderr } = await ended;
    await untilGone(killed);
    if (killed.length === 0 && verb.stays !== true) pace.took(verb, ms);

    await using engine = await Engine.open({ root });
    assert.deepEqual(
      await Promise.all(['kept', 'made'].map(async (name) => await readTrueState(engine, name))),
      others,
    );
    const state = await readTrueState(engine, 'one');
    const isUndone = killed.length > 0 && verb.endsWith?.includes(victim) === true;
    if (code === 0 && isUndone) assert.ok(state !== undefined);
    else if (code === 0) await verb.done(engine);
    // A command that was not killed itself prints an error, or ends with its container's code.
    else if (code !== null && code !== 137) assert.match(stderr, /^(?:\S.*\n)+$/);
    assert.doesNotMatch(stderr, /\n {4}at |ERR_INTERNAL/);
    const made = /^([0-9a-f]{64})\n/.exec(stdout)?.[1];
    if (made !== undefined) assert.equal(state?.Id, made, 'the acknowledged container exists');
    await verb.again(engine);
    await readTrueState(engine, 'one');
    await removeEverything(engine);
    const ids = state === undefined ? [] : [state.Id];
    await untilSame(() => leftOf(engine, ids), baseline);
    return { seed, scenario: verb.name, victim, point, afterMs, killed: killed.length, code, found: state?.Status };
  }

  for (const point of pickPoints()) {
    const what = `seed ${seed}, ${point.verb.name}, ${point.victim}, point ${point.point}`;
    try {
      const report = await strike(point);
      if (isSoak) console.log(JSON.stringify(report));
    } catch (error) {
      throw new Error(what, { cause: error });
    }
  }
});
