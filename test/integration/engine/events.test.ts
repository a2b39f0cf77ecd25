// Events: rows of the transactions that they report, followed across processes.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Engine, type StoreEvent } from '../../../src/engine/index.ts';
import { Metadata } from '../../../src/metadata/metadata.ts';
import { temporaryFolder } from '../../helpers/build-folder.ts';
import { needs } from '../../helpers/needs.ts';
import { storeRoot } from '../../helpers/store-root.ts';
import { strataPath } from '../../helpers/strata.ts';
import { testStore } from '../../helpers/test-store.ts';

const run = promisify(execFile);
const skip = needs('root', 'overlay', 'runc', 'conmon', 'busybox');

const format = ({ type, action }: StoreEvent): string => `${type} ${action.replace(/: .*/, '')}`;

/** Returns the events after that number, as far as they exist now. */
async function eventsSince(engine: Engine, since: number): Promise<StoreEvent[]> {
  return await Array.fromAsync(engine.events({ since, until: new Date(Date.now() + 1) }));
}

const newest = async (engine: Engine): Promise<number> => (await eventsSince(engine, 0)).at(-1)?.sequence ?? 0;

test("the life of a container has docker's events", { skip }, async (context) => {
  const engine = await testStore(context, { busybox: 'busybox' });
  const { containers } = engine;
  const since = await newest(engine);
  const { id } = await containers.create({
    image: 'busybox',
    name: 'one',
    command: ['sleep', '60'],
    labels: { a: 'b' },
  });
  await containers.start(id);
  await using ls = await containers.exec(id, { command: ['ls', '/'] });
  assert.equal(await ls.exitCode, 0);
  await containers.pause(id);
  await containers.unpause(id);
  await containers.rename(id, 'two');
  await containers.stop(id, { timeoutSeconds: 0 });
  await containers.commit(id, { reference: 'made', message: 'why' }).result;
  await containers.export(id, { output: join(temporaryFolder(context), 'out.tar') }).result;
  await containers.remove(id);
  const events = await eventsSince(engine, since);
  assert.deepEqual(events.map(format), [
    'container create',
    'container start',
    'container exec_create',
    'container exec_start',
    'container exec_die',
    'container pause',
    'container unpause',
    'container rename',
    'container kill',
    'container kill',
    'container die',
    'container stop',
    'image tag',
    'container commit',
    'container export',
    'container destroy',
  ]);
  const of = (action: string): StoreEvent =>
    events.find((event) => event.action.startsWith(action)) ?? assert.fail(action);
  for (const event of events.filter(({ type }) => type === 'container')) {
    assert.equal(event.actor.id, id);
    assert.deepEqual([event.actor.attributes['image'], event.actor.attributes['a']], ['busybox', 'b']);
  }
  assert.equal(of('rename').actor.attributes['oldName'], '/one');
  assert.equal(of('destroy').actor.attributes['name'], 'two');
  assert.equal(of('exec_start').action, 'exec_start: ls /');
  assert.deepEqual([of('exec_die').actor.attributes['exitCode'], of('die').actor.attributes['exitCode']], ['0', '137']);
  assert.equal(of('commit').actor.attributes['comment'], 'why');
  const sequences = events.map(({ sequence }) => sequence);
  assert.deepEqual(
    sequences,
    sequences.toSorted((a, b) => a - b),
  );
});

test('a run in the foreground has events of start and end', { skip }, async (context) => {
  const engine = await testStore(context, { busybox: 'busybox' });
  const since = await newest(engine);
  const image = 'busybox';
  for (const remove of [true, false])
    await engine.containers.run({ image, command: ['sh', '-c', 'exit 4'], remove, stdio: 'inherit' }).result;
  const events = await eventsSince(engine, since);
  const life = ['container create', 'container attach', 'container start', 'container die'];
  assert.deepEqual(events.map(format), [...life, 'container destroy', ...life]);
  const codes = events.filter(({ action }) => action === 'die').map(({ actor }) => actor.attributes['exitCode']);
  assert.deepEqual(codes, ['4', '4']);
});

test('an attached start reports attach before start, and the end is never before the start', {
  skip,
}, async (context) => {
  const engine = await testStore(context, { busybox: 'busybox' });
  const since = await newest(engine);
  const { id } = await engine.containers.create({ image: 'busybox', command: ['true'] });
  await using attached = await engine.containers.startAttached(id);
  await attached.exitCode;
  const events = await eventsSince(engine, since);
  assert.deepEqual(events.map(format), ['container create', 'container attach', 'container start', 'container die']);
  const [start, die] = events.slice(2).map(({ timeMicroseconds }) => timeMicroseconds);
  assert.ok(start !== undefined && die !== undefined && start <= die, `${start} ${die}`);
});

test('a paused container that is killed or stopped is unpaused first', { skip }, async (context) => {
  const engine = await testStore(context, { busybox: 'busybox' });
  const { containers } = engine;
  const { id } = await containers.create({ image: 'busybox', command: ['sleep', '1000'] });
  for (const end of [() => containers.kill(id), () => containers.stop(id, { timeoutSeconds: 0 })]) {
    await containers.start(id);
    await containers.pause(id);
    const since = await newest(engine);
    await end();
    const actions = (await eventsSince(engine, since)).map(({ action }) => action);
    assert.deepEqual(actions.slice(0, 2), ['kill', 'unpause']);
    assert.equal(actions.filter((action) => action === 'unpause').length, 1);
  }
});

test('start and end of a run are reported even while another process holds up all writers', {
  skip,
}, async (context) => {
  const engine = await testStore(context, { busybox: 'busybox' });
  const since = await newest(engine);
  const fixture = join(import.meta.dirname, '../containers/hold-lock.fixture.ts');
  const running = engine.containers.run({ image: 'busybox', command: ['sh', '-c', 'sleep 0.1; exit 4'], remove: true });
  for await (const { type } of running) {
    if (type !== 'created') continue;
    const holder = spawn(process.execPath, [fixture, engine.layout.database], { stdio: ['pipe', 'pipe', 'inherit'] });
    context.after(() => holder.kill('SIGKILL'));
    await once(holder.stdout, 'data');
    // The lock is held longer than an event waits for it.
    setTimeout(() => holder.stdin.end(), 1500);
  }
  assert.equal((await running.result).exitCode, 4);
  const actions = (await eventsSince(engine, since)).map(({ action }) => action);
  assert.deepEqual(actions, ['create', 'attach', 'start', 'die', 'destroy']);
});

test('exec_create and exec_start are reported for a process that cannot join, in every mode', {
  skip,
}, async (context) => {
  const engine = await testStore(context, { busybox: 'busybox' });
  const { id } = await engine.containers.create({ image: 'busybox', command: ['sleep', '60'] });
  await engine.containers.start(id);
  const since = await newest(engine);
  const command = ['/missing'];
  await assert.rejects(engine.containers.exec(id, { command, stdio: 'ignore' }), { code: 'ERR_EXEC' });
  await using piped = await engine.containers.exec(id, { command });
  await assert.rejects(piped.exitCode, { code: 'ERR_EXEC' });
  const actions = ['container exec_create', 'container exec_start'];
  assert.deepEqual((await eventsSince(engine, since)).map(format), [...actions, ...actions]);
});

test('images report tag, save, load, untag and delete', { skip }, async (context) => {
  const engine = await testStore(context, { busybox: 'busybox' });
  const { images } = engine;
  const since = await newest(engine);
  const output = join(temporaryFolder(context), 'out.tar');
  await images.tag('busybox', 'other:1');
  await images.save({ images: ['other:1'], output }).result;
  const { id } = await images.inspect('busybox');
  await images.remove('other:1');
  await images.remove('busybox');
  await engine.builder.prune({ all: true });
  await images.load({ input: output }).result;
  const events = await eventsSince(engine, since);
  assert.deepEqual(events.map(format), [
    'image tag',
    'image save',
    'image untag',
    'image untag',
    'image delete',
    'builder prune',
    'image tag',
    'image load',
  ]);
  assert.ok(events.every(({ type, actor }) => type === 'builder' || actor.id === id));
  assert.deepEqual(
    events.filter(({ action }) => action.endsWith('tag')).map(({ actor }) => actor.attributes['name']),
    ['other:1', 'other:1', 'busybox:latest', 'other:1'],
  );
});

test('a run whose program is missing reports no start', { skip }, async (context) => {
  const engine = await testStore(context, { busybox: 'busybox' });
  const since = await newest(engine);
  for (const remove of [true, false]) {
    for (const stdio of ['inherit', 'events'] as const) {
      const run = engine.containers.run({ image: 'busybox', command: ['/nothing'], remove, stdio });
      for await (const { type } of run) assert.notEqual(type, 'started');
      await assert.rejects(run.result, { code: 'ERR_CONTAINER_START' });
    }
  }
  const actions = (await eventsSince(engine, since)).map(format).filter((event) => !/ (create|destroy)$/.test(event));
  assert.deepEqual(actions, []);
});

test('a container that cannot be frozen reports no pause', { skip }, async (context) => {
  const runtime = join(temporaryFolder(context), 'unfreezing');
  writeFileSync(runtime, '#!/bin/sh\ncase " $* " in *" pause "*) exit 1;; esac\nexec runc "$@"\n', { mode: 0o755 });
  const engine = await testStore(context, { busybox: 'busybox', runtimes: { unfreezing: { path: runtime } } });
  const host = { Runtime: 'unfreezing' };
  const { id } = await engine.containers.create({ image: 'busybox', command: ['sleep', '60'], host });
  await engine.containers.start(id);
  const since = await newest(engine);
  await assert.rejects(engine.containers.pause(id));
  assert.deepEqual((await eventsSince(engine, since)).map(format), []);
  assert.equal((await engine.containers.list())[0]?.state, 'running');
  await engine.containers.remove(id, { force: true });
});

test('a failed change reports no event', { skip }, async (context) => {
  const engine = await testStore(context, { busybox: 'busybox' });
  await engine.containers.create({ image: 'busybox', name: 'one' });
  const since = await newest(engine);
  await assert.rejects(engine.containers.create({ image: 'busybox', name: 'one' }), {
    code: 'ERR_CONTAINER_NAME_IN_USE',
  });
  await assert.rejects(engine.images.remove('busybox'), { code: 'ERR_IMAGE_IN_USE' });
  assert.deepEqual(await eventsSince(engine, since), []);
});

test('events of other processes are followed, and an end that is found later has its own time', {
  skip,
}, async (context) => {
  const engine = await testStore(context, { busybox: 'busybox' });
  const { root } = engine.layout;
  const seen: StoreEvent[] = [];
  const stop = new AbortController();
  const found = Promise.withResolvers<void>();
  const following = (async () => {
    for await (const event of engine.events({ signal: stop.signal })) {
      seen.push(event);
      if (event.action === 'die') found.resolve();
    }
  })();
  following.catch(() => undefined);
  await sleep(100);
  await run(strataPath, ['--root', root, 'run', '-d', '--name', 'brief', 'busybox', 'sh', '-c', 'exit 3']);
  // Between the commands no process looks: the next one finds the end.
  await sleep(1500);
  await run(strataPath, ['--root', root, 'ps', '-a']);
  await found.promise;
  stop.abort();
  await assert.rejects(following);
  assert.deepEqual(seen.map(format), ['container create', 'container start', 'container die']);
  const [, start, die] = seen;
  assert.equal(die?.actor.attributes['exitCode'], '3');
  assert.ok(start && die && die.sequence > start.sequence);
  // The time is that of the exit file, which the supervisor wrote at the end.
  assert.ok(Date.now() - die.time.getTime() >= 1000, `${Date.now() - die.time.getTime()} ms ago`);
});

test('a follower resumes after a number or a time', { skip: needs('root', 'overlay') }, async (context) => {
  await using engine = await Engine.open({ root: storeRoot(context) });
  const dockerfile = { text: 'FROM scratch\nLABEL a=b\n' };
  for (const tag of ['a', 'b']) await engine.builder.build({ dockerfile, tags: [tag] }).result;
  const all = await eventsSince(engine, 0);
  assert.ok(all.length >= 2);
  const [first] = all;
  assert.ok(first);
  assert.deepEqual(await eventsSince(engine, first.sequence), all.slice(1));
  const until = new Date();
  assert.deepEqual(await Array.fromAsync(engine.events({ since: new Date(0), until })), all);
  assert.deepEqual(await Array.fromAsync(engine.events({ since: until, until })), []);
  const last = all.at(-1)?.sequence ?? 0;
  assert.deepEqual(await eventsSince(engine, last), []);
  const noTime = new Date(Number.NaN);
  for (const since of [Number.NaN, -1, 1.5, last + 1, Date.now(), Infinity, noTime, 'x', {}, null] as never[]) {
    const end = { code: 'ERR_OPTION_INVALID', details: { option: 'since' } };
    await assert.rejects(Array.fromAsync(engine.events({ since })), end, String(since));
  }
  for (const until of ['soon', 5, noTime, null] as never[]) {
    const end = { code: 'ERR_OPTION_INVALID', details: { option: 'until' } };
    await assert.rejects(Array.fromAsync(engine.events({ until })), end, String(until));
  }
});

test("an exec begun under an earlier name ends with the container's present name", { skip }, async (context) => {
  const engine = await testStore(context, { busybox: 'busybox' });
  const { containers } = engine;
  const { id } = await containers.create({ image: 'busybox', name: 'one', command: ['sleep', '60'] });
  await containers.start(id);
  const command = ['sh', '-c', 'until test -e /on; do sleep 0.01; done'];
  await using waiting = await containers.exec(id, { command });
  await containers.rename(id, 'two');
  const since = await newest(engine);
  await using _touch = await containers.exec(id, { command: ['touch', '/on'], stdio: 'ignore' });
  await waiting.exitCode;
  const names = (await eventsSince(engine, since)).map(({ actor: { attributes } }) => attributes['name']);
  assert.deepEqual([...new Set(names)], ['two']);
});

test('a stream with an end time ends then, whatever came before', {
  skip: needs('root', 'overlay'),
}, async (context) => {
  await using engine = await Engine.open({ root: storeRoot(context) });
  const dockerfile = { text: 'FROM scratch\nLABEL a=b\n' };
  await engine.builder.build({ dockerfile, tags: ['a'] }).result;
  const until = new Date(Date.now() + 2000);
  const over = Array.fromAsync(engine.events({ until })).then(() => Date.now() - until.getTime());
  await sleep(1500);
  await engine.images.tag('a', 'b');
  const lateMs = await over;
  // A wait that began anew at each event would be as late as the event was.
  assert.ok(lateMs < 1000, `${lateMs} ms late`);
});

test('each of two renames at once follows from the name before', { skip }, async (context) => {
  const engine = await testStore(context, { busybox: 'busybox' });
  const { id } = await engine.containers.create({ image: 'busybox', name: 'one' });
  const since = await newest(engine);
  await Promise.all([engine.containers.rename(id, 'two'), engine.containers.rename(id, 'three')]);
  const names = (await eventsSince(engine, since)).map(({ actor: { attributes } }) => attributes);
  assert.deepEqual(
    names.map(({ oldName, name }) => [oldName, name]),
    [
      ['/one', 'two'],
      ['/two', 'three'],
    ],
  );
});

test('ten thousand events are kept, and none for longer than seven days', async (context) => {
  const folder = temporaryFolder(context);
  using metadata = await Metadata.open({ database: join(folder, 'strata.db'), locksDirectory: join(folder, 'locks') });
  const { db, events } = metadata;
  const add = (count: number, time?: number): Promise<void> =>
    db.transact(() => {
      for (let at = 0; at < count; at++)
        events.add({ type: 'image', action: 'tag', actor: `${at}`, attributes: { version: '9' }, time });
    });
  await add(100, Date.now() - 8 * 24 * 3600 * 1000);
  await add(64);
  assert.equal(events.after(0, 1000).length, 64);
  await add(10_100);
  const kept = events.after(0, 100_000);
  assert.equal(kept.at(-1)?.sequence, 10_264);
  // Superfluous events are removed at every 64th.
  assert.ok(kept.length >= 10_000 && kept.length < 10_064, `${kept.length}`);
  assert.deepEqual(kept.at(-1)?.attributes, { version: '9' });
});

test('an end before a time is shown even though it was found after that time', async (context) => {
  const engine = await testStore(context);
  await engine.builder.build({ dockerfile: { text: 'FROM scratch\nLABEL a=b\n' } }).result;
  const { layout } = engine;
  using metadata = await Metadata.open({ database: layout.database, locksDirectory: layout.locks });
  const { db, events } = metadata;
  const until = new Date(Date.now() - 60_000);
  const seconds = { create: -20, start: -10, later: 10, die: -5 };
  for (const [action, at] of Object.entries(seconds))
    await db.transact(() =>
      events.add({ type: 'container', action, actor: 'a', attributes: {}, time: until.getTime() + at * 1000 }),
    );
  const shownEvents = await Array.fromAsync(engine.events({ since: 0, until }));
  assert.deepEqual(
    shownEvents.map(({ action }) => action),
    ['create', 'start', 'die'],
  );
});

test('an end that is found late is reported, however long ago it was', async (context) => {
  const folder = temporaryFolder(context);
  using metadata = await Metadata.open({ database: join(folder, 'strata.db'), locksDirectory: join(folder, 'locks') });
  const { db, events } = metadata;
  const add = (action: string, time?: number): Promise<void> =>
    db.transact(() => events.add({ type: 'container', action, actor: 'a', attributes: {}, time }));
  for (let at = 1; at < 64; at++) await add('start');
  // Numbers at which old events are looked for, and some after them.
  for (let at = 64; at < 200; at++) await add('die', Date.now() - 8 * 24 * 3600 * 1000);
  assert.equal(events.after(0, 1000).length, 199);
});

test('times of events follow the clock when it is set, and differ when it stands still', async (context) => {
  const folder = temporaryFolder(context);
  using metadata = await Metadata.open({ database: join(folder, 'strata.db'), locksDirectory: join(folder, 'locks') });
  const { db, events } = metadata;
  const real = Date.now;
  const clock = context.mock.method(Date, 'now');
  for (const hours of [0, 5, -3]) {
    clock.mock.mockImplementation(() => real() + hours * 3600 * 1000);
    for (let twice = 0; twice < 2; twice++) {
      await db.transact(() => events.add({ type: 'image', action: 'tag', actor: 'a', attributes: {} }));
      const [event] = events.after(events.newest() - 1, 1);
      assert.ok(event && Math.abs(event.time / 1000 - Date.now()) < 1000, `${hours} hours`);
    }
  }
  const times = events.after(0, 10).map(({ time }) => time);
  assert.equal(new Set(times).size, 6);
});

test('an idle follower takes next to no CPU', { skip: needs('root', 'overlay') }, async (context) => {
  await using engine = await Engine.open({ root: storeRoot(context) });
  await engine.builder.build({ dockerfile: { text: 'FROM scratch\nLABEL a=b\n' }, tags: ['a'] }).result;
  const stop = new AbortController();
  const followers = Array.from({ length: 50 }, () => Array.fromAsync(engine.events({ signal: stop.signal })));
  for (const follower of followers) follower.catch(() => undefined);
  await sleep(300);
  const before = process.cpuUsage();
  await sleep(2000);
  const { user, system } = process.cpuUsage(before);
  // Polling every 10 ms would take more than a second.
  assert.ok(user + system < 300_000, `${user + system} µs`);
  // A touched file without an event is not an event.
  utimesSync(join(engine.layout.locks, 'events'), new Date(), new Date());
  stop.abort();
  for (const outcome of await Promise.allSettled(followers)) assert.equal(outcome.status, 'rejected');
});

const onlyFollows = `
import { Engine } from ${JSON.stringify(join(import.meta.dirname, '../../../src/engine/index.ts'))};
const [root, since] = process.argv.slice(1);
await using engine = await Engine.open({ root });
console.log('follows');
for await (const { action } of engine.events({ since: Number(since) })) {
  console.log(action);
  break;
}
`;

test('a program that does nothing but follow runs until an event comes', { skip }, async (context) => {
  const engine = await testStore(context, { busybox: 'busybox' });
  const since = await newest(engine);
  const args = ['--input-type=module', '--eval', onlyFollows, engine.layout.root, String(since)];
  const follower = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  follower.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  const ended = once(follower, 'close');
  await once(follower.stdout, 'data');
  // Without anything to keep it alive the program would end before this.
  await sleep(100);
  await engine.images.tag('busybox', 'other:2');
  assert.deepEqual([(await ended)[0], text], [0, 'follows\ntag\n']);
});
