import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StepLog } from '../../../src/builder/step-log.ts';

/** Writes chunks to a log and returns the reported lines, the number of chunks taken at once, and the tail. */
function writeLog(...pieces: readonly (readonly ['stdout' | 'stderr', string])[]) {
  const lines: string[] = [];
  let taken = 0;
  const log = new StepLog((stream, bytes, done) => {
    lines.push(`${stream} ${Buffer.from(bytes).toString('latin1')}`);
    done?.();
  });
  for (const [stream, text] of pieces) log.write(stream, Buffer.from(text, 'latin1'), () => taken++);
  log.end();
  return { lines, taken, tail: log.tail };
}

test('whole lines are reported as they come, the rest at the end', () => {
  const { lines, taken, tail } = writeLog(
    ['stdout', 'one\ntw'],
    ['stderr', 'err'],
    ['stdout', 'o\n\nlast'],
    ['stderr', '\n'],
  );
  assert.deepEqual(lines, ['stdout one\n', 'stdout two\n\n', 'stderr err\n', 'stdout last']);
  assert.equal(taken, 4, 'every piece is given back, also one that is kept');
  assert.equal(tail, 'one\ntwo\n\nerr\nlast');
});

test('empty output reports nothing, and bytes stay unchanged', () => {
  assert.deepEqual(writeLog().lines, []);
  assert.deepEqual(writeLog(['stdout', '\xff\x00\r\n']).lines, ['stdout \xff\x00\r\n']);
});

test('an endless line is reported in chunks of bounded size', () => {
  const piece = 'x'.repeat(50_000);
  const { lines, tail } = writeLog(...Array.from({ length: 10 }, () => ['stdout', piece] as const));
  assert.equal(lines.join('').replaceAll('stdout ', '').length, 500_000);
  for (const line of lines) assert.ok(line.length <= 120_000);
  assert.ok(tail.length <= 8192);
});

test('the tail holds whole lines', () => {
  const { tail } = writeLog(['stdout', Array.from({ length: 5000 }, (_, at) => `line ${at}\n`).join('')]);
  assert.match(tail, /^line \d+\n/);
  assert.match(tail, /line 4999\n$/);
});
