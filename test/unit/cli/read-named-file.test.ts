import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { truncateSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readNamedFile } from '../../../src/cli/read-named-file.ts';
import { temporaryFolder } from '../../helpers/build-folder.ts';

const { signal } = new AbortController();

async function textOf(path: string): Promise<string> {
  return Buffer.from(await readNamedFile(path, signal)).toString('utf8');
}

function fifo(context: TestContext): string {
  const path = join(temporaryFolder(context), 'fifo');
  assert.equal(spawnSync('mkfifo', [path]).status, 0);
  return path;
}

test('a file, a pipe and the null device are read', async (context) => {
  const path = join(temporaryFolder(context), 'file');
  writeFileSync(path, 'A=1\n');
  assert.equal(await textOf(path), 'A=1\n');
  assert.equal(await textOf('/dev/null'), '');
  const pipe = fifo(context);
  const [text] = await Promise.all([textOf(pipe), writeFile(pipe, 'B=2\n')]);
  assert.equal(text, 'B=2\n');
});

test('a file that is too long, endless or not a file is refused', async (context) => {
  const folder = temporaryFolder(context);
  const long = join(folder, 'long');
  writeFileSync(long, '');
  truncateSync(long, (16 << 20) + 1);
  for (const [path, message] of [
    [long, `read ${long}: more than 16777216 bytes`],
    [folder, `read ${folder}: is a directory`],
    [join(folder, 'none'), `open ${join(folder, 'none')}: no such file or directory`],
    ['/dev/zero', 'read /dev/zero: not a file'],
    ['/dev/random', 'read /dev/random: not a file'],
  ] as const) {
    await assert.rejects(readNamedFile(path, signal), { code: 'ERR_FILE_UNUSABLE', message });
  }
  truncateSync(long, 16 << 20);
  assert.equal((await readNamedFile(long, signal)).length, 16 << 20);
});

test('an interrupt ends the wait for a pipe without a writer', async (context) => {
  const interrupted = new AbortController();
  const enough = new Error('enough');
  const reading = readNamedFile(fifo(context), interrupted.signal);
  setImmediate(() => interrupted.abort(enough));
  await assert.rejects(reading, enough);
});
