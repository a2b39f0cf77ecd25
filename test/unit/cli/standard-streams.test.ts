import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

const module = join(import.meta.dirname, '../../../src/cli/terminal/standard-streams.ts');

/** Returns a program that has `streams`, and whose exit code says whether Node's streams were loaded. */
const programOf = (body: string): string[] => [
  '--input-type=module',
  '--eval',
  `import { StandardStreams } from ${JSON.stringify(module)};
   const streams = new StandardStreams((name, error) => { streams.err(name + ' ' + error.code + '\\n'); });
   process.exitCode = 3;
   ${body}
   process.exitCode = process.moduleLoadList.includes('NativeModule net') ? 1 : 0;`,
];

function scratch(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'strata-streams-'));
  context.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

test('short output goes to pipes and files without the streams of Node', (context) => {
  const body = "streams.out('one\\n'); streams.err('two\\n'); streams.out('thr\\u00e9e\\n');";
  const piped = spawnSync(process.execPath, programOf(body), { encoding: 'utf8' });
  assert.deepEqual([piped.status, piped.stdout, piped.stderr], [0, 'one\nthrée\n', 'two\n']);

  const path = join(scratch(context), 'out');
  const file = openSync(path, 'w');
  const toFile = spawnSync(process.execPath, programOf(`${body} streams.out('x'.repeat(100_000));`), {
    stdio: ['ignore', file, 'pipe'],
  });
  closeSync(file);
  assert.equal(toFile.status, 0);
  assert.equal(readFileSync(path, 'utf8'), `one\nthrée\n${'x'.repeat(100_000)}`);
});

test('order stays when others use the stream, and when there is much', () => {
  const body = `streams.out('1 '); process.stdout.write('2 '); streams.out('3 ');
    streams.out('4'.repeat(300_000)); process.stdout.write(' 5'); streams.out(' 6');`;
  const { status, stdout } = spawnSync(process.execPath, programOf(body), { encoding: 'utf8' });
  assert.equal(status, 1);
  assert.equal(stdout, `1 2 3 ${'4'.repeat(300_000)} 5 6`);
  const much = "for (let n = 10_000; n < 20_000; n++) streams.out(n + ' ');";
  const lines = spawnSync(process.execPath, programOf(much), { encoding: 'utf8' });
  assert.equal(lines.stdout, Array.from({ length: 10_000 }, (_, n) => `${n + 10_000} `).join(''));
});

test('a failed write is reported, with and without the streams of Node', () => {
  for (const first of ['', 'process.stdout;']) {
    const full = openSync('/dev/full', 'w');
    const { stderr } = spawnSync(process.execPath, programOf(`${first} streams.out('x');`), {
      stdio: ['ignore', full, 'pipe'],
      encoding: 'utf8',
    });
    closeSync(full);
    assert.match(stderr, /^stdout ENOSPC\n/, first);
  }
});

test('a closed reader is reported and does not end the program', async () => {
  const child = spawn(
    process.execPath,
    programOf("await new Promise((go) => process.stdin.once('end', go).resume()); streams.out('x');"),
    {
      stdio: ['pipe', 'pipe', 'pipe'],
    },
  );
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stdout.destroy();
  await once(child.stdout, 'close');
  child.stdin.end();
  await once(child, 'close');
  assert.equal(said, 'stdout EPIPE\n');
});

test('a pipe that is full and does not wait is waited for', async (context) => {
  const path = join(scratch(context), 'pipe');
  execFileSync('mkfifo', [path]);
  const reading = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writing = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  let filled = 0;
  assert.throws(() => {
    for (;;) filled += writeSync(writing, Buffer.alloc(4096, '.'));
  }, /EAGAIN/);
  // Node makes the pipe non-blocking once standard error is a stream, and standard output is the same pipe.
  const body =
    "process.stderr; streams.out('late'); streams.out(' and later'); (await import('node:fs')).writeSync(3, 'x');";
  const child = spawn(process.execPath, programOf(body), { stdio: ['ignore', writing, writing, 'pipe'] });
  closeSync(writing);
  await once(child.stdio[3] as Readable, 'data');
  const ended = once(child, 'exit');
  let got = '';
  while (got.length < filled + 'late and later'.length) {
    const chunk = Buffer.alloc(65_536);
    try {
      got += chunk.toString('utf8', 0, readSync(reading, chunk));
    } catch {
      await sleep(5);
    }
  }
  assert.equal(got.slice(filled), 'late and later');
  await ended;
  closeSync(reading);
});
