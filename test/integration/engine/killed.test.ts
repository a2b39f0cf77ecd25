// SIGKILL at any moment of any work on images: the next command needs no help, and nothing of the killed one stays.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { isLocked } from '../../../src/engine/containers/state/is-locked.ts';
import { Engine } from '../../../src/engine/index.ts';
import { type FoundLeftovers, leftoversOf, storeFiles } from '../../helpers/leftovers.ts';
import { listImages } from '../../helpers/list-images.ts';
import { namesIn } from '../../helpers/names-in.ts';
import { needs } from '../../helpers/needs.ts';
import { createRandom, isSoak, runSeed } from '../../helpers/random.ts';
import { placesOf } from '../../helpers/store-places.ts';
import { storeRoot } from '../../helpers/store-root.ts';
import { strataPath } from '../../helpers/strata.ts';
import { patienceMs, until } from '../../helpers/until.ts';
import { untilSame } from '../../helpers/until-same.ts';
import { type KilledWork, killedWorks } from './killed-works.ts';

const seed = runSeed();
const pointsOf = ({ makes }: KilledWork): number => (isSoak ? 43 : makes === undefined ? 1 : 2);
// First point of an interrupted soak to go on with: a point depends on the seed and its own number only.
const first = Number(process.env['STRATA_FIRST_POINT'] ?? 0);

interface Ended {
  readonly ms: number;
  readonly killed: boolean;
}

/** Runs the command to its end, or to a kill that many milliseconds after its start. */
async function run(root: string, args: readonly string[], killAfterMs = patienceMs): Promise<Ended> {
  const began = performance.now();
  const child = spawn(strataPath, ['--root', root, ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout: killAfterMs,
    killSignal: 'SIGKILL',
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  assert.ok(signal === 'SIGKILL' || code === 0, `${args.join(' ')} ended with ${code ?? signal}`);
  return { ms: Math.round(performance.now() - began), killed: signal !== null };
}

/** Waits until no lease is held: a forked child of the killed command holds its locks until it executes its program. */
async function untilReleased(engine: Engine): Promise<void> {
  const { locks, leases } = placesOf(engine);
  const held = (): string[] => leases().filter((name) => isLocked(join(locks, name)));
  await until(
    () => held().length === 0,
    () => `held: ${held().join()}`,
  );
}

interface Baseline {
  readonly names: readonly string[];
  readonly files: readonly string[];
  readonly left: FoundLeftovers;
}

/** Checks the store as a user sees it before any repair: everything acknowledged, nothing half-done. */
async function checkNothingLost(engine: Engine, begun: number, { names }: Baseline): Promise<string> {
  const seen = await listImages(engine);
  const added = seen.filter((name) => !names.includes(name));
  assert.deepEqual(
    names.filter((name) => !seen.includes(name)),
    [],
    'names that were there',
  );
  assert.ok(added.length <= begun, added.join());
  assert.deepEqual((await engine.system.check().result).damages, []);
  return added.length === 0 ? 'nothing' : 'whole';
}

async function undo(engine: Engine, work: KilledWork): Promise<void> {
  if (work.makes !== undefined) {
    const { name, runs } = work.makes;
    if (runs)
      assert.equal((await engine.containers.run({ image: name, command: ['true'], remove: true }).result).exitCode, 0);
    await engine.images.remove(name);
  }
  await engine.builder.prune({ all: true });
  // Work that was done twice leaves images without a name.
  await engine.images.prune();
  await engine.system.collectGarbage().result;
}

test(`works survive a kill at any moment (STRATA_SEED=${seed})`, {
  skip: needs('root', 'overlay', 'runc', 'busybox'),
}, async (t) => {
  const root = storeRoot(t);
  const works = await (async () => {
    await using engine = await Engine.open({ root });
    const made = await killedWorks(t, engine);
    await engine.system.collectGarbage().result;
    // Another process may still empty the trash of an earlier command.
    await untilSame(() => namesIn(engine.layout.trash), []);
    return made;
  })();
  const baseline = await (async (): Promise<Baseline> => {
    await using engine = await Engine.open({ root });
    return { names: await listImages(engine), files: storeFiles(engine), left: await leftoversOf(engine) };
  })();
  const idle = (await run(root, ['images', '-q'])).ms;

  for (const work of works) {
    const whole = await (async () => {
      await using engine = await Engine.open({ root });
      await work.prepare?.(engine);
      const { ms } = await run(root, work.args);
      await undo(engine, work);
      assert.deepEqual([await listImages(engine), storeFiles(engine)], [baseline.names, baseline.files], work.name);
      return ms;
    })();
    let pace = 1;
    for (let point = first; point < pointsOf(work); point++) {
      const random = createRandom(seed + point);
      // From the opening of the store until a little after the end; the rest of the command's life is Node's.
      const afterMs = Math.round(pace * (idle * 0.7 + (random.next(1000) / 1000) * (whole * 1.1 - idle * 0.7)));
      await using engine = await Engine.open({ root });
      await work.prepare?.(engine);
      const { killed, ms } = await run(root, work.args, afterMs);
      // Recovery may be killed, too.
      const isKilledTwice = killed && work.makes !== undefined && point % 2 === 1;
      if (isKilledTwice) await run(root, work.args, Math.round(pace * idle * (0.7 + random.next(1000) / 1000)));
      await untilReleased(engine);
      // A machine is not always equally busy.
      if (!killed) pace = ms / whole;
      const what = `seed ${seed}, ${work.name}, point ${point}, killed after ${afterMs} ms`;
      try {
        const { steps } = await leftoversOf(engine);
        const found = await checkNothingLost(engine, isKilledTwice ? 2 : 1, baseline);
        await work.again(engine);
        if (work.makes !== undefined) {
          const { leases, mounts, indexes, ingests, steps: bundles } = await leftoversOf(engine);
          assert.deepEqual(
            { leases, mounts, indexes, ingests, bundles },
            { leases: [], mounts: [], indexes: [], ingests: [], bundles: [] },
          );
        }
        await undo(engine, work);
        await untilSame(() => leftoversOf(engine, steps), baseline.left);
        assert.deepEqual([await listImages(engine), storeFiles(engine)], [baseline.names, baseline.files]);
        const deaths = namesIn(engine.layout.locks).filter((name) => name.startsWith('death-'));
        assert.deepEqual(deaths, [], 'all deaths are cleared up');
        const { damages, orphans } = await engine.system.check().result;
        assert.deepEqual({ damages, orphans }, { damages: [], orphans: [] });
        if (isSoak) console.log(JSON.stringify({ seed, scenario: work.name, point, afterMs, killed, found }));
      } catch (error) {
        throw new Error(what, { cause: error });
      }
    }
  }
  await using engine = await Engine.open({ root });
  assert.equal((await engine.containers.run({ image: 'base', command: ['true'], remove: true }).result).exitCode, 0);
});
