import assert from 'node:assert/strict';
import { appendFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readLog } from '../../../src/containers/supervised/read-log.ts';
import { temporaryFolder } from '../../helpers/build-folder.ts';

test('an abort ends the read of a long log at once', async (context) => {
  const path = join(temporaryFolder(context), 'log');
  writeFileSync(path, '2026-01-01T00:00:00.000000000+00:00 stdout F y\n'.repeat(50_000));
  const told = new AbortController();
  const enough = new Error('enough');
  setImmediate(() => told.abort(enough));
  await assert.rejects(Array.fromAsync(readLog(path, { signal: told.signal })), enough);
  assert.equal((await Array.fromAsync(readLog(path))).flat().length, 50_000);
});

test('lines written during a read are not returned', async (context) => {
  const path = join(temporaryFolder(context), 'log');
  const line = '2026-01-01T00:00:00.000000000+00:00 stdout F y\n';
  for (const [tail, count] of [
    [undefined, 10_000],
    [2, 2],
    [5000, 5000],
  ] as const) {
    writeFileSync(path, line.repeat(10_000));
    let read = 0;
    for await (const entries of readLog(path, { tail })) {
      read += entries.length;
      // Writes as fast as the log is read, but not forever.
      if (read < 100_000) appendFileSync(path, line.repeat(entries.length));
    }
    assert.equal(read, count);
  }
});

test('a piece has its time, its stream and its bytes; lines of another form are left out', async (context) => {
  const path = join(temporaryFolder(context), 'log');
  const time = '2026-01-01T00:00:00.000000001+02:00';
  const lines = [
    'stdout F one',
    'stderr P two',
    'stderr F ',
    'stdout X no',
    'stdxxx F no',
    'stdout',
    'stdout F  three ',
  ];
  writeFileSync(path, `${lines.map((line) => `${time} ${line}\n`).join('')}\n no\n${time} stdout F torn`);
  assert.deepEqual(
    (await Array.fromAsync(readLog(path)))
      .flat()
      .map(({ bytes, ...rest }) => ({ ...rest, text: bytes.toString('latin1') })),
    [
      { time, stream: 'stdout', goesOn: false, text: 'one\n' },
      { time, stream: 'stderr', goesOn: true, text: 'two' },
      { time, stream: 'stderr', goesOn: false, text: '\n' },
      { time, stream: 'stdout', goesOn: false, text: ' three \n' },
    ],
  );
});

test('a follower reads what comes, also in another file of the same name, and what is there at the end', async (context) => {
  const path = join(temporaryFolder(context), 'log');
  const line = (text: string): string => `2026-01-01T00:00:00.000000000+00:00 stdout F ${text}\n`;
  writeFileSync(path, line('one'));
  const end = Promise.withResolvers<void>();
  const read: string[] = [];
  const steps = [
    () => appendFileSync(path, line('two')),
    () => {
      writeFileSync(`${path}.new`, line('three'));
      renameSync(`${path}.new`, path);
    },
    () => {
      appendFileSync(path, line('four'));
      end.resolve();
    },
  ];
  for await (const entries of readLog(path, { end: end.promise })) {
    read.push(...entries.map(({ bytes }) => bytes.toString('latin1').trim()));
    steps.shift()?.();
  }
  assert.deepEqual(read, ['one', 'two', 'three', 'four']);
});
