import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isStrataError } from '../../../src/errors/index.ts';
import { addressOf, lastErrno, openLibrary } from '../../../src/sys/ffi.ts';

const libc = openLibrary(null);

test('numbers, text, memory and addresses cross the border', () => {
  const getcwd = libc.declare('getcwd', 'pointer', ['pointer', 'uint64']);
  const room = new Uint8Array(4096);
  assert.equal(getcwd(room, room.length), addressOf(room));
  const length = room.indexOf(0);
  assert.equal(Buffer.from(room.subarray(0, length)).toString(), process.cwd());
  room.fill(0);
  getcwd(Number(addressOf(room)), room.length);
  assert.equal(room.indexOf(0), length);
  assert.equal(libc.declare('strerror', 'text', ['int32'])(2), 'No such file or directory');
  assert.equal(libc.declare('llabs', 'int64', ['int64'])(-(2n ** 62n)), 2n ** 62n);
  assert.equal(libc.declare('getpid', 'int32', [])(), process.pid);
});

test('a small typed array keeps its address', () => {
  const small = new Uint8Array(8);
  const address = addressOf(small);
  for (let i = 0; i < 2000; i++) Array.from({ length: 1000 }, () => i);
  assert.equal(addressOf(small), address);
});

test('errno is the one of the call before', () => {
  const close = libc.declare('close', 'int32', ['int32']);
  assert.equal(close(-1), -1);
  assert.equal(lastErrno(), 9);
});

test('a library or function that is not there says so', () => {
  assert.throws(
    () => openLibrary('libstrata-nonexistent.so.9'),
    (error) => isStrataError(error, 'ERR_FFI_LIBRARY_MISSING'),
  );
  assert.throws(
    () => libc.declare('strata_nonexistent', 'void', []),
    (error) => isStrataError(error, 'ERR_FFI_SYMBOL_MISSING'),
  );
});

test('importing the module loads nothing', () => {
  const source = `await import(${JSON.stringify(join(import.meta.dirname, '../../../src/sys/ffi.ts'))});
    console.log(process.report.getReport().sharedObjects.some((name) => name.includes('koffi')))`;
  const printed = execFileSync(process.execPath, ['--input-type=module', '-e', source], { encoding: 'utf8' });
  assert.equal(printed.trim(), 'false');
});

test("koffi's machine code is loaded without its entry, which takes three times as long", () => {
  const program = `
    const { openLibrary } = await import(${JSON.stringify(join(import.meta.dirname, '../../../src/sys/ffi.ts'))});
    openLibrary(null);
    const { createRequire } = await import('node:module');
    console.log(Object.keys(createRequire('/').cache).length);`;
  const options = ['--input-type=module', '-e', program];
  assert.equal(execFileSync(process.execPath, options, { encoding: 'utf8' }), '0\n');
});

test('a call in the background has its own errno, despite calls meanwhile', async () => {
  const library = openLibrary(null);
  const close = library.declareAsyncCall('close', ['int32']);
  const access = library.declare('access', 'int32', ['pointer', 'int32']);
  const closed = close(1 << 30);
  const end = performance.now() + 30;
  while (performance.now() < end) access(Buffer.from('/nonexistent\0'), 0);
  assert.deepEqual(await closed, { result: -1, errno: constants.errno.EBADF });
});
