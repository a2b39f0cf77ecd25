import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JsonBuildProgress } from '../../../src/cli/render/json-build-progress.ts';
import { PlainBuildProgress } from '../../../src/cli/render/plain-build-progress.ts';
import { StepTail } from '../../../src/cli/render/step-tail.ts';
import { TerminalBuildProgress } from '../../../src/cli/render/terminal-build-progress.ts';
import type { BuildEvent } from '../../../src/engine/index.ts';

const vertex = { digest: 'step:0', name: '[1/1] RUN \x1b[2Jx' };
const running: BuildEvent = { type: 'step', vertex, step: { state: 'running', key: 'k', startedAt: 0 } };
const done: BuildEvent = {
  type: 'step',
  vertex,
  step: {
    state: 'done',
    key: 'k',
    result: { identity: 'i', snapshotId: 's', createdAt: 0 },
    startedAt: 1000,
    endedAt: 2500,
  },
};
const log = (text: string): BuildEvent => ({
  type: 'log',
  vertex,
  stream: 'stdout',
  lines: Buffer.from(text, 'latin1'),
});

function collector(): { readonly write: (text: string | Uint8Array) => void; readonly text: () => string } {
  const parts: Buffer[] = [];
  return {
    write: (text) => parts.push(typeof text === 'string' ? Buffer.from(text) : Buffer.from(text)),
    text: () => Buffer.concat(parts).toString('latin1'),
  };
}

test('plain: bytes of steps as they are, line by line, names of steps as text', () => {
  const { write, text } = collector();
  const progress = new PlainBuildProgress(write);
  for (const event of [running, log('a\x1b[1A\xff\nb\n'), log('no end'), done, done]) progress.show(event);
  progress.end();
  const lines = text().replaceAll(/ \d+\.\d{3} /g, ' T ');
  assert.equal(lines, '#1 [1/1] RUN \\x1b[2Jx\n#1 T a\x1b[1A\xff\n#1 T b\n#1 T no end\n#1 DONE 1.5s\n\n');
});

test('only the failed step has an error: an aborted step is canceled', () => {
  const other = { digest: 'step:1', name: '[b 1/1] RUN y' };
  const events: BuildEvent[] = [
    running,
    { type: 'step', vertex: other, step: { state: 'running', key: 'l', startedAt: 0 } },
    { type: 'step', vertex: other, step: { state: 'failed', error: new Error('broken'), startedAt: 0, endedAt: 1 } },
    { type: 'step', vertex, step: { state: 'canceled', startedAt: 0, endedAt: 1 } },
  ];
  const plain = collector();
  const terminal = collector();
  for (const progress of [
    new PlainBuildProgress(plain.write),
    new TerminalBuildProgress(terminal.write, () => [60, 20]),
  ]) {
    for (const event of events) progress.show(event);
    progress.end();
  }
  assert.match(plain.text(), /\n#2 ERROR: broken\n\n#1 CANCELED\n\n$/);
  const drawn = terminal.text().slice(terminal.text().lastIndexOf('\x1b[J'));
  assert.match(drawn, /RUN \S+ +CANCELED\n => \[b 1\/1\] RUN y +ERROR\n/);
});

test('json: a line an event, what steps write as text', () => {
  const { write, text } = collector();
  const progress = new JsonBuildProgress(write);
  progress.show(log('a\x1b\n'));
  progress.show({ type: 'step', vertex, step: { state: 'failed', error: new Error('x'), startedAt: 0, endedAt: 1 } });
  const [first, second] = text()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.equal(first?.['lines'], 'a\x1b\n');
  assert.deepEqual((second?.['step'] as Record<string, unknown> | undefined)?.['error'], { message: 'x' });
});

test('terminal: nothing of a step reaches the terminal but text, no line is longer than it, none more than fit', () => {
  const { write, text } = collector();
  const progress = new TerminalBuildProgress(write, () => [40, 6]);
  progress.show(running);
  progress.show(log(`${'\x1b[5A\x07\r\n'.repeat(3)}${'w'.repeat(500)}\n`));
  progress.show(running);
  const during = text();
  progress.show(done);
  progress.end();
  const own = /\x1b\[(?:\?7[lh]|J|\d+A)/g;
  for (const shown of [during, text()]) assert.doesNotMatch(shown.replaceAll(own, ''), /[\x00-\x09\x0b-\x1f\x7f]/);
  const last = during.slice(during.lastIndexOf('\x1b[J')).replaceAll(own, '').trimEnd().split('\n');
  assert.ok(last.length <= 5, during);
  for (const line of last) assert.ok(line.length <= 40, line);
  assert.match(last.at(-1) ?? '', /^ => => # w+$/);
  assert.match(text().slice(text().lastIndexOf('\x1b[J')), /RUN .* DONE 1\.5s\n/);
});

test('terminal: one that does not say its size has the usual one', () => {
  const { write, text } = collector();
  const progress = new TerminalBuildProgress(write, () => [0, 0]);
  progress.show(running);
  progress.end();
  assert.match(text(), /\[1\/1\] RUN/);
});

test('the kept hint names both lines and the way out', () => {
  const { write, text } = collector();
  const place = (line: number, title: string, kind: 'run' | 'copy') => ({ line, title, kind });
  const progress = new PlainBuildProgress(write);
  const deletedBy = place(5, 'RUN rm -rf /x', 'run');
  progress.show({ type: 'kept', bytes: 50e6, addedBy: place(3, `RUN ${'y'.repeat(99)}`, 'run'), deletedBy });
  progress.show({ type: 'kept', bytes: 2e6, addedBy: place(2, 'COPY \x1b x', 'copy'), deletedBy });
  const [first = '', second = ''] = text().split('\n');
  assert.match(first, /^WARNING: line 5 \(RUN rm -rf \/x\) deletes 50MB that line 3 \(RUN y+.*\) added; .*&&/);
  assert.ok(first.length < 250);
  assert.match(second, /deletes 2MB that line 2 \(COPY \\x1b x\) added; .*\.dockerignore/);
});

test('the tail of a step keeps the last lines, and what a progress bar showed last', () => {
  const tail = new StepTail(2);
  tail.add(Buffer.from('one\ntwo\n'));
  tail.add(Buffer.from('10%\r50%\r100%\r\nthree\ttabs\n'));
  assert.deepEqual(tail.lines, ['100%', 'three tabs']);
});
