import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { processesInControlGroup, removeControlGroup } from '../../../src/sys/control-groups.ts';
import { errnoOf } from '../../../src/sys/errno.ts';
import { dropHelperLock, readHolder, takeHelperLock, writeHolder } from '../../../src/sys/helper/helper-lock.ts';
import { type Helper, keepHelper } from '../../../src/sys/helper/keep-helper.ts';
import { isAlive } from '../../../src/sys/process-identity.ts';
import { hierarchies, pidsTop } from '../../helpers/control-group-tops.ts';
import { needs } from '../../helpers/needs.ts';
import { createRandom, isSoak, runSeed } from '../../helpers/random.ts';
import { until } from '../../helpers/until.ts';

type Command = ChildProcessByStdio<Writable, Readable, null>;

const beside = (name: string): string => join(import.meta.dirname, name);
const numbersIn = (folder: string): number[] => readdirSync(folder).map(Number).filter(Boolean);

/** Returns the group and the session of a live process, proc_pid_stat(5). */
function groupsOf(pid: number): { readonly group?: number; readonly session?: number } {
  try {
    const [state, , group, session] = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ');
    const isGone = state === 'Z' && readdirSync(`/proc/${pid}/task`).length < 2;
    return isGone ? {} : { group: Number(group), session: Number(session) };
  } catch {
    return {};
  }
}

/** Returns the numbers of the processes that live in a group, the dying included. */
const groupMembers = (leader: number): number[] => numbersIn('/proc').filter((pid) => groupsOf(pid).group === leader);

/** Kills the processes of a group and waits for their death, which releases a lock. */
async function endGroup(leader: number): Promise<void> {
  end(-leader);
  await until(
    () => groupMembers(leader).length === 0,
    () => `still there: ${groupMembers(leader).join(' ')}`,
  );
}

/** Kills a process, or a group when the number is negative; it may have ended already. */
function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (errnoOf(error) !== 'ESRCH') throw error;
  }
}

/** A folder in which a helper works, and its commands. No process of it is left after the test. */
class HelperFixture {
  readonly folder = mkdtempSync(join(tmpdir(), 'strata-helper-'));
  readonly lock: string = join(this.folder, 'locks/helper');
  readonly #commands: Command[] = [];

  constructor(context: TestContext) {
    mkdirSync(join(this.folder, 'tasks'));
    context.after(() => {
      for (const command of this.#commands) command.kill('SIGKILL');
      for (const pid of this.running()) end(pid);
      rmSync(this.folder, { recursive: true, force: true });
    });
  }

  helper(version = '1'): Helper {
    const program = new URL('helper-program.fixture.ts', import.meta.url);
    return { program, args: [this.folder], version, lock: this.lock };
  }

  /** Returns the numbers of the helper's processes. */
  running(): number[] {
    return numbersIn('/proc').filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`helper-program.fixture.ts\0${this.lock}\0`);
      } catch {
        return false;
      }
    });
  }

  /** Waits until the helper has written which process it is, and returns its number. */
  async pid(version = '1'): Promise<number> {
    const said = (): number | undefined => {
      const holder = readHolder(this.lock);
      return holder?.version === version && holder.process && isAlive(holder.process) ? holder.process.pid : undefined;
    };
    await until(
      () => said() !== undefined,
      () => `no helper of version ${version}`,
    );
    return said()!;
  }

  add(name: string): void {
    writeFileSync(join(this.folder, name), '');
  }

  remove(name: string): void {
    rmSync(join(this.folder, name));
  }

  tasks(): string[] {
    return readdirSync(join(this.folder, 'tasks'));
  }

  /** Returns the numbers of all processes that were ever the helper. */
  started(): string[] {
    return readFileSync(join(this.folder, 'started'), 'utf8').split('\n').filter(Boolean);
  }

  async isIdle(): Promise<void> {
    await until(
      () => this.tasks().length === 0 && this.running().length === 0,
      () => `undone: ${this.tasks().join(' ')}; running: ${this.running().join(' ')}`,
    );
    assert.deepEqual(readdirSync(join(this.folder, 'locks')), []);
  }

  /** Starts a command that keeps the helper; `before` is shell that runs ahead of it, `after` behind. */
  command({ version = '1', wait = false, before = ':', after = ':', shell = ['sh'] } = {}): Command {
    const keep = `'${process.execPath}' '${beside('keep-helper.fixture.ts')}' '${this.folder}' ${version}`;
    const script = `${before}; ${keep} ${wait ? 'wait' : ''}; ${after}`;
    const [file, ...args] = [...shell, '-c', script];
    const command = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
    this.#commands.push(command);
    return command;
  }
}

/** Returns the first line that a command prints from now on. */
async function lineOf(command: Command): Promise<string> {
  const [text] = (await once(command.stdout, 'data')) as [Buffer];
  return text.toString().trim();
}

test('many commands at once start one helper, which ends when it has nothing to do', async (context) => {
  const fixture = new HelperFixture(context);
  fixture.add('hold-start');
  const commands = Array.from({ length: 20 }, () => fixture.command());
  assert.deepEqual(new Set(await Promise.all(commands.map(lineOf))), new Set(['true']));
  await fixture.pid();
  assert.equal(fixture.running().length, 1);
  assert.equal(fixture.tasks().length, 20);
  fixture.remove('hold-start');
  await fixture.isIdle();
  assert.equal(fixture.started().length, 1);
});

test('a task that comes when the helper has just finished is done by the same helper', async (context) => {
  const fixture = new HelperFixture(context);
  fixture.add('hold-end');
  fixture.add('tasks/first');
  assert.ok(await keepHelper(fixture.helper()));
  await until(
    () => fixture.tasks().length === 0,
    () => 'not done',
  );
  fixture.add('tasks/second');
  assert.ok(await keepHelper(fixture.helper()));
  fixture.remove('hold-end');
  await fixture.isIdle();
  assert.equal(fixture.started().length, 1);
});

/** Conditions that a kill follows within milliseconds; the helper waits until then. */
const moments: { readonly [name: string]: (fixture: HelperFixture) => boolean } = {
  begun: () => true,
  locked: ({ lock }) => existsSync(lock),
  started: (fixture) => fixture.running().length > 0,
  known: ({ lock }) => readHolder(lock)?.process !== undefined,
  done: (fixture) => fixture.tasks().length === 0,
};

test('the next command starts the helper after a kill of the helper or its command at any moment', async (context) => {
  const seed = runSeed();
  const random = createRandom(seed);
  for (let round = 0; round < (isSoak ? 300 : 8); round++) {
    const fixture = new HelperFixture(context);
    const moment = random.pick(Object.keys(moments));
    const [victim, afterMs] = [random.pick(['helper', 'command', 'both']), random.next(30)];
    const report = { seed, round, moment, victim, afterMs };
    const hold = moment === 'done' ? 'hold-end' : 'hold-start';
    fixture.add(hold);
    fixture.add('tasks/first');
    const command = fixture.command();
    const ended = once(command, 'exit');
    await until(
      () => moments[moment]!(fixture),
      () => `never: ${JSON.stringify(report)}`,
      1,
    );
    if (moment === 'done') fixture.remove(hold);
    await sleep(afterMs);
    // The command is a shell and its children, in a group of their own.
    if (victim !== 'helper') await endGroup(command.pid!);
    // Each process leads a group of its own.
    if (victim !== 'command') for (const pid of fixture.running()) await endGroup(pid);
    await ended;
    if (isSoak) console.log(JSON.stringify(report));
    if (moment !== 'done') fixture.remove(hold);
    fixture.add('tasks/last');
    assert.ok(await keepHelper(fixture.helper()), JSON.stringify(report));
    await fixture.isIdle();
  }
});

for (const isStopped of [false, true]) {
  test(`another version takes over from ${isStopped ? 'one that does not react' : 'a helper at work'}`, async (context) => {
    const fixture = new HelperFixture(context);
    fixture.add('hold-start');
    assert.ok(await keepHelper(fixture.helper('1')));
    const old = await fixture.pid('1');
    if (isStopped) process.kill(old, 'SIGSTOP');
    const commands = Array.from({ length: 5 }, () => fixture.command({ version: '2' }));
    assert.deepEqual(new Set(await Promise.all(commands.map(lineOf))), new Set(['true']));
    const pid = await fixture.pid('2');
    assert.deepEqual(fixture.running(), [pid]);
    assert.deepEqual(fixture.started(), [String(old), String(pid)]);
    fixture.remove('hold-start');
    await fixture.isIdle();
  });
}

test('a holder of the lock that cannot be ended is left alone, with its work', async (context) => {
  const fixture = new HelperFixture(context);
  const fd = takeHelperLock(fixture.lock)!;
  writeHolder(fd, { version: 'other', process: undefined });
  assert.equal(await keepHelper(fixture.helper()), false);
  dropHelperLock(fixture.lock, fd);
  assert.ok(await keepHelper(fixture.helper()));
  await fixture.isIdle();
});

// Node itself keeps descriptors of low numbers from programs that it starts; dash cannot open higher ones.
test('a helper takes nothing from its command but the user', { skip: needs('bash') }, async (context) => {
  const fixture = new HelperFixture(context);
  fixture.add('hold-start');
  const before = `exec 200>'${fixture.folder}/inherited'; export SECRET=1; cd '${fixture.folder}'`;
  assert.equal(await lineOf(fixture.command({ before, shell: ['bash'] })), 'true');
  const proc = `/proc/${await fixture.pid()}`;
  assert.equal(readlinkSync(join(proc, 'cwd')), '/');
  assert.doesNotMatch(readFileSync(join(proc, 'environ'), 'utf8'), /SECRET|HOME/);
  const opened = numbersIn(join(proc, 'fd')).map((fd) => readlinkSync(join(proc, 'fd', String(fd))));
  assert.deepEqual(
    opened.filter((path) => path.startsWith(fixture.folder)),
    [fixture.lock],
  );
  assert.deepEqual(
    [0, 1, 2].map((fd) => readlinkSync(join(proc, 'fd', String(fd)))),
    Array(3).fill('/dev/null'),
  );
  fixture.remove('hold-start');
  await fixture.isIdle();
});

test('a helper survives the end of a login, by a signal to all its processes', async (context) => {
  const fixture = new HelperFixture(context);
  fixture.add('hold-start');
  const command = fixture.command({ after: 'sleep 1000' });
  const ended = once(command, 'exit');
  assert.equal(await lineOf(command), 'true');
  const helper = await fixture.pid();
  const session = numbersIn('/proc').filter((pid) => groupsOf(pid).session === command.pid);
  assert.ok(session.includes(command.pid!) && !session.includes(helper));
  process.kill(-command.pid!, 'SIGHUP');
  assert.deepEqual(await ended, [null, 'SIGHUP']);
  assert.deepEqual(fixture.running(), [helper]);
  fixture.remove('hold-start');
  await fixture.isIdle();
});

const ofJobs = hierarchies((type, options) => type === 'cgroup2' || /\b(?:name=|freezer\b)/.test(options));
const skip = needs('root') || (ofJobs.length === 0 && 'no control groups of version 2');

test('a helper survives the end of a job, by a kill of its control groups', { skip }, async (context) => {
  const fixture = new HelperFixture(context);
  fixture.add('hold-start');
  const job = `/strata-test-${process.pid}-job`;
  context.after(() => removeControlGroup(job));
  const groups = ofJobs.map((top) => join(top, job));
  for (const group of groups) mkdirSync(group);
  const before = groups.map((group) => `echo $$ > ${group}/cgroup.procs`).join('; ');
  const command = fixture.command({ before, after: 'sleep 1000' });
  const ended = once(command, 'exit');
  assert.equal(await lineOf(command), 'true');
  const helper = await fixture.pid();
  const members = processesInControlGroup(job);
  assert.ok(members.includes(command.pid!) && !members.includes(helper));
  await removeControlGroup(job);
  assert.deepEqual(await ended, [null, 'SIGKILL']);
  assert.deepEqual(fixture.running(), [helper]);
  fixture.remove('hold-start');
  await fixture.isIdle();
});

test("a helper stays in its command's control group where none can be written", { skip }, async (context) => {
  const fixture = new HelperFixture(context);
  fixture.add('hold-start');
  const before = ofJobs.map((top) => `mount -o remount,bind,ro ${top}`).join(' && ');
  const command = fixture.command({ before, shell: ['unshare', '-m', 'sh'] });
  assert.equal(await lineOf(command), 'true');
  const helper = await fixture.pid();
  assert.equal(readFileSync(`/proc/${helper}/cgroup`, 'utf8'), readFileSync('/proc/self/cgroup', 'utf8'));
  fixture.remove('hold-start');
  await fixture.isIdle();
});

const skipCounted = needs('root') || (pidsTop === undefined && 'no control groups that count processes');

test('work is left to the next command where no process can be started', { skip: skipCounted }, async (context) => {
  const fixture = new HelperFixture(context);
  const full = `/strata-test-${process.pid}-full`;
  const group = join(pidsTop!, full);
  mkdirSync(group);
  context.after(() => removeControlGroup(full));
  const command = fixture.command({ wait: true, before: `echo $$ > ${group}/cgroup.procs` });
  const ended = once(command, 'exit');
  assert.equal(await lineOf(command), 'ready');
  writeFileSync(join(group, 'pids.max'), '1');
  const answer = lineOf(command);
  command.stdin.write('go');
  assert.equal(await answer, 'false');
  await ended;
  assert.equal(fixture.tasks().length, 1);
  assert.ok(!existsSync(fixture.lock));
  assert.ok(await keepHelper(fixture.helper()));
  await fixture.isIdle();
});

test('work is left to the next command where the lock cannot be taken', async (context) => {
  const fixture = new HelperFixture(context);
  fixture.add('locks');
  assert.equal(await keepHelper(fixture.helper()), false);
  assert.deepEqual(fixture.running(), []);
});
