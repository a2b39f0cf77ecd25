// server ROOT CONTEXT ARCHIVE TAG: works as a program with clients does, in one process, and prints as JSON how long its
// event loop stood still at most. CONTEXT is built to an image that has `sh`; ARCHIVE is loaded as TAG.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { Engine } from '../../src/engine/index.ts';

const [root = '', context = '', archive = '', tag = ''] = process.argv.slice(2);
const lines = 20_000;
const looksMs = 50;
const settleMs = 300;

/** Returns milliseconds, of a second time: what is loaded and started by the first is not counted. */
async function stallOf(work: () => Promise<void>): Promise<number> {
  await work();
  await sleep(settleMs);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await work();
  delay.disable();
  return delay.max / 1e6;
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
    const stalls: Record<string, number> = {};
    for (const [name, work] of Object.entries(works)) stalls[name] = await stallOf(work);
    console.log(JSON.stringify(stalls));
  } finally {
    for (const id of ids) await engine.containers.remove(id, { force: true });
  }
}

void main();
