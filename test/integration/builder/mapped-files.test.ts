import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Engine } from '../../../src/engine/index.ts';
import { openLibrary } from '../../../src/sys/ffi.ts';
import { needs } from '../../helpers/needs.ts';

const library = openLibrary(null);
const mmap = library.declare('mmap', 'pointer', ['pointer', 'uint64', 'int32', 'int32', 'int32', 'int64']);
const memset = library.declare('memset', 'pointer', ['pointer', 'int32', 'uint64']);
const [readAndWrite, shared, bytes] = [3, 1, 8];

/**
 * Creates a file and maps it into memory; returns a function that fills it with one letter, without a call to the
 * kernel.
 */
function mappedFile(path: string): (letter: string) => void {
  writeFileSync(path, 'a'.repeat(bytes));
  const fd = openSync(path, 'r+');
  const address = mmap(null, bytes, readAndWrite, shared, fd, 0);
  closeSync(fd);
  return (letter) => void memset(address, letter.charCodeAt(0), bytes);
}

function folder(context: TestContext, place: string): string {
  const path = mkdtempSync(join(place, 'strata-mapped-'));
  context.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

test('a file of the context that is changed through memory is read again', {
  skip: needs('root', 'overlay'),
}, async (t) => {
  await using engine = await Engine.open({ root: folder(t, tmpdir()), storageDriver: 'overlay2' });
  const tmpfs = 0x01021994;
  assert.equal(statfsSync('/dev/shm').type, tmpfs);
  const contexts = [tmpdir(), '/dev/shm'].map((place) => {
    const path = folder(t, place);
    writeFileSync(join(path, 'Dockerfile'), 'FROM scratch\nCOPY file /\n');
    const fill = mappedFile(join(path, 'file'));
    // The page is dirty from now on: no time changes with its next change.
    fill('b');
    return { path, fill };
  });
  // Younger files are read again anyway.
  const settledMs = 3100;
  for (const { path } of contexts) {
    const age = (): number => Date.now() - statSync(join(path, 'file')).ctimeMs;
    for (let left = settledMs - age(); left > 0; left = settledMs - age()) await sleep(left);
  }
  for (const { path, fill } of contexts) {
    const { id: before } = await engine.builder.build({ context: path }).result;
    fill('c');
    const { id: after } = await engine.builder.build({ context: path }).result;
    assert.notEqual(after, before, path);
  }
});
