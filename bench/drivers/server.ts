// server ROOT CONTEXT ARCHIVE TAG: works like a server with clients, in one process, and prints the longest stalls of
// its event loop as JSON: by the clock, and without the time in which the kernel had no core for it. CONTEXT builds an
// image that has `sh`; ARCHIVE is loaded as TAG.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Engine } from '../../src/engine/index.ts';

const [root = '', context = '', archive = '', tag = ''] = process.argv.slice(2);
const lines = 20_000;
const looksMs = 50;
const settleMs = 300;
const tickMs = 1;

/** The longest stall, in milliseconds. */
interface Stall {
  readonly wall: number;
  readonly own: number;
}

/** Returns the milliseconds in which the main thread was ready to run and got no core; see the kernel's sched-stats. */
const waitedForCore = (): number =>
  Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'latin1').split(' ')[1]) / 1e6;

/** Runs `work` twice and measures the second time, without the modules and threads that the first one loads. */
async function stallOf(work: () => Promise<void>): Promise<Stall> {
  await work();
  await sleep(settleMs);
  let [wall, own] = [0, 0];
  let [time, waited] = [performance.now(), waitedForCore()];
  const clock = setInterval(() => {
    const [timeNow, waitedNow] = [performance.now(), waitedForCore()];
    // A tick without a stall takes `tickMs`.
    const stall = timeNow - time - tickMs;
    wall = Math.max(wall, stall);
    own = Math.max(own, stall - (waitedNow - waited));
    [time, waited] = [timeNow, waitedNow];
  }, tickMs);
  await work();
  clearInterval(clock);
  return { wall, own };
}

async function load({ images }: Engine): Promise<void> {
  await images.load({ input: archive }).result;
  await images.remove(tag, { force: true });
}

async function look({ images, containers }: Engine): Promise<void> {
  for (let round = 0; round < 20; round++) {
    await containers.list({ all: true });
    await images.list();
    await sleep(looksMs);
  }
}

async function startWriter({ containers }: Engine): Promise<string> {
  const script = `while true; do echo line; done | head -n ${lines}; sleep 1000`;
  const { id } = await containers.create({ image: 'box', command: ['sh', '-c', script] });
  await containers.start(id);
  return id;
}

async function follow({ containers }: Engine, id: string): Promise<void> {
  let read = 0;
  for await (const _ of containers.logs(id, { follow: true })) if (++read === lines) break;
}

async function main(): Promise<void> {
  await using engine = await Engine.open({ root });
  await engine.builder.build({ context, tags: ['box'] }).result;
  const ids: string[] = [];
  try {
    for (let at = 0; at < 10; at++) ids.push(await startWriter(engine));
    const followAll = async (): Promise<void> => void (await Promise.all(ids.map((id) => follow(engine, id))));
    await followAll();
    const works: Readonly<Record<string, () => Promise<void>>> = {
      load: () => load(engine),
      'ps and images': () => look(engine),
      'logs -f': followAll,
      'all at once': async () => void (await Promise.all([load(engine), look(engine), followAll()])),
    };
    const stalls: Record<string, Stall> = {};
    for (const [name, work] of Object.entries(works)) stalls[name] = await stallOf(work);
    console.log(JSON.stringify(stalls));
  } finally {
    for (const id of ids) await engine.containers.remove(id, { force: true });
  }
}

void main();
