import assert from 'node:assert/strict';
import { test } from 'node:test';
import { busyboxStore, containerRecords, mountsOf } from '../helpers/busybox-store.ts';
import { needs } from '../helpers/needs.ts';
import { containerPids } from '../helpers/store-root.ts';
import { type StrataCommand } from '../helpers/strata.ts';
import { Terminal, waitForExit } from '../helpers/terminal.ts';

const skip = needs('root', 'overlay', 'runc', 'conmon', 'busybox', 'setsid');

const prompt = '/ # ';
const detachKeys = '\x10\x11';

// The size reaches the container on its own way, perhaps after the typed line.
const untilSize = (size: string): string => `until test "$(stty size)" = "${size}"; do sleep 0.01; done; stty size`;

// Keys that send a signal reach only the terminal's foreground process: the shell gives that up a moment after it has
// echoed the line.
const whenForeground = (command: string): string => `sh -c 'echo ho""lds; ${command}'`;

const namesUp = async (strata: StrataCommand): Promise<string> =>
  (await strata('ps', '--format', '{{.Names}} {{.Status}}')).stdout.replace(/Up .*/g, 'Up');

test('a shell at a terminal has sizes, interrupts and job control, can be detached and attached, and gives its exit code', {
  skip,
}, async (t) => {
  const strata = await busyboxStore(t);
  const terminal = new Terminal(t, 33, 111);
  const run = terminal.start(strata, 'run', '-it', '--name', 'b1', 'busybox');
  await terminal.shows(prompt);
  assert.ok(terminal.isRaw);
  terminal.type('stty size; test -t 0 && test -t 1 && test -t 2 && echo "all of it"\r');
  await terminal.shows('\r\n33 111\r\nall of it\r\n');
  terminal.resize(20, 60);
  terminal.type(`${untilSize('20 60')}\r`);
  await terminal.shows('\r\n20 60\r\n');
  terminal.type(`${whenForeground('sleep 1000')}\r`);
  await terminal.shows('holds\r\n');
  terminal.type('\x03');
  await terminal.shows('^C');
  terminal.type('echo left with $?\r');
  await terminal.shows('\r\nleft with 130\r\n');
  terminal.type(`${whenForeground('cat')}\r`);
  await terminal.shows('holds\r\n');
  terminal.type('\x1a');
  await terminal.shows('Stopped');
  terminal.type('jobs; fg\r');
  await terminal.shows('Stopped');
  terminal.type('back in it\r\x04');
  await terminal.shows('back in it\r\nback in it\r\n');
  // The test's own terminal does not turn a line feed into two characters.
  terminal.type('stty -opost; printf "a\\nb"; stty opost\r');
  await terminal.shows('a\nb');

  terminal.type('x=kept\r');
  terminal.type(detachKeys);
  assert.equal(await waitForExit(run), 0);
  assert.ok(!terminal.isRaw);
  assert.equal(await namesUp(strata), 'b1 Up\n');

  const attach = terminal.start(strata, 'attach', 'b1');
  await terminal.becomesRaw();
  terminal.resize(40, 70);
  terminal.type(`\recho $x; ${untilSize('40 70')}\r`);
  await terminal.shows('\r\nkept\r\n40 70\r\n');
  terminal.type('\x10');
  terminal.type('\x11');
  assert.equal(await waitForExit(attach), 1);
  await terminal.shows('read escape sequence');
  assert.ok(!terminal.isRaw);

  const again = terminal.start(strata, 'attach', '--detach-keys', 'x,y', 'b1');
  await terminal.becomesRaw();
  terminal.type('echo x-x; exit 7\r');
  assert.equal(await waitForExit(again), 7);
  assert.ok(terminal.seen.includes('\r\nx-x\r\n'), 'held back, then let through');
  assert.ok(!terminal.isRaw);
  assert.match((await strata('ps', '-a', '--format', '{{.Status}}')).stdout, /^Exited \(7\)/);
  assert.equal(await waitForExit(terminal.start(strata, 'attach', 'b1')), 1);
  await terminal.shows('You cannot attach to a stopped container, start it first');

  const started = terminal.start(strata, 'start', '-a', '-i', '--detach-keys', 'ctrl-a', 'b1');
  await terminal.shows(prompt);
  terminal.type(`${untilSize('40 70')}\r`);
  await terminal.shows('\r\n40 70\r\n');
  terminal.type('\x01');
  assert.equal(await waitForExit(started), 0);
  assert.match((await strata('logs', 'b1')).stdout, /33 111[^]*kept[^]*40 70/);
  assert.deepEqual((await strata('rm', '-f', 'b1')).code, 0);
  assert.deepEqual(mountsOf(strata), []);
});

test('the terminal is restored whatever ends the command, and the container lives on', { skip }, async (t) => {
  const strata = await busyboxStore(t);
  const terminal = new Terminal(t);
  const first = terminal.start(strata, 'run', '-it', '--rm', '--name', 'b2', 'busybox');
  await terminal.shows(prompt);
  first.kill('SIGKILL');
  await waitForExit(first);
  assert.equal(await namesUp(strata), 'b2 Up\n', 'nothing can be done for the terminal, but for the container');
  terminal.reset();
  for (const [signal, end] of [
    ['SIGTERM', 143],
    ['SIGINT', 130],
    ['SIGHUP', 'SIGHUP'],
    ['SIGQUIT', 'SIGQUIT'],
  ] as const) {
    const attach = terminal.start(strata, 'attach', 'b2');
    await terminal.becomesRaw();
    attach.kill(signal);
    assert.equal(await waitForExit(attach), end);
    assert.ok(!terminal.isRaw, signal);
  }
  const last = terminal.start(strata, 'attach', 'b2');
  await terminal.becomesRaw();
  for (const pid of containerPids(strata.root)) process.kill(pid, 'SIGKILL');
  assert.equal(await waitForExit(last), 137);
  assert.ok(!terminal.isRaw);
  await strata('ps');
  assert.deepEqual(containerRecords(strata), []);
  for (const args of [
    ['-it', 'missing'],
    ['-it', 'busybox', '/nope'],
  ]) {
    assert.ok([125, 127].includes(Number(await waitForExit(terminal.start(strata, 'run', '--rm', ...args)))));
    assert.ok(!terminal.isRaw);
  }
});

test('signals to run -t go to the container, and without input the terminal keeps its mode', { skip }, async (t) => {
  const strata = await busyboxStore(t);
  const terminal = new Terminal(t);
  const script = 'trap "echo got; exit 4" TERM; test -t 1 && echo ready; while true; do sleep 0.05; done';
  const run = terminal.start(strata, 'run', '-t', '--rm', 'busybox', 'sh', '-c', script);
  await terminal.shows('ready');
  assert.ok(!terminal.isRaw);
  run.kill('SIGTERM');
  await terminal.shows('got');
  assert.equal(await waitForExit(run), 4);
});
