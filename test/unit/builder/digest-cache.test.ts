import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { DigestCache } from '../../../src/builder/context/digest-cache.ts';
import { FileStat } from '../../../src/sys/stat.ts';
import { temporaryFolder } from '../../helpers/build-folder.ts';

function changedAt(secondsAgo: number): FileStat {
  const stat = new FileStat();
  stat.ctime.seconds = Math.floor(Date.now() / 1000) - secondsAgo;
  return stat;
}

const old = changedAt(3600);

test('digests are found again by path and stamp, for any bytes in a name', (t) => {
  const path = join(temporaryFolder(t), 'deep/cache');
  const names = ['a', 'with\nnewline', '\xff\xfe', ' ', 'ä'.normalize('NFD')];
  const written = DigestCache.open(path);
  for (const name of names) written.put(name, `stamp of ${name}`, 'd'.repeat(64), old);
  written.save();
  const read = DigestCache.open(path);
  for (const name of names.slice(0, 4)) assert.equal(read.find(name, `stamp of ${name}`), 'd'.repeat(64), name);
  assert.equal(read.find('a', 'another stamp'), undefined);
  assert.equal(read.find('b', 'stamp of a'), undefined);
});

test('a file that has just changed is not remembered: the next change could look the same', (t) => {
  const path = join(temporaryFolder(t), 'cache');
  for (const [age, expected] of [
    [0, undefined],
    [-3600, undefined],
    [60, 'digest'],
  ] as const) {
    const cache = DigestCache.open(path);
    cache.put('f', `stamp ${age}`, 'digest', changedAt(age));
    cache.save();
    assert.equal(DigestCache.open(path).find('f', `stamp ${age}`), expected, `${age} s ago`);
  }
});

test('files that a build no longer reads are dropped, and an unchanged cache is not written', (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, 'cache');
  const one = DigestCache.open(path);
  one.put('gone', 's', 'd', old);
  one.put('kept', 's', 'd', old);
  one.save();
  const before = readFileSync(path);
  const two = DigestCache.open(path);
  two.find('kept', 's');
  two.save();
  assert.deepEqual(readFileSync(path), before);
  two.put('new', 's', 'd', old);
  two.save();
  const three = DigestCache.open(path);
  assert.deepEqual([three.find('gone', 's'), three.find('kept', 's'), three.find('new', 's')], [undefined, 'd', 'd']);
  assert.deepEqual(readdirSync(folder), ['cache'], 'no temporary files');
});

test('a damaged cache is no cache', (t) => {
  const path = join(temporaryFolder(t), 'cache');
  const cache = DigestCache.open(path);
  cache.put('f', 's', 'd', old);
  cache.save();
  const whole = readFileSync(path);
  for (let length = 0; length < whole.length; length += 7) {
    writeFileSync(path, whole.subarray(0, length));
    assert.equal(DigestCache.open(path).find('f', 's'), undefined, `the first ${length} bytes`);
  }
  const flipped = Uint8Array.from(whole);
  flipped[flipped.length - 1]! ^= 1;
  writeFileSync(path, flipped);
  assert.equal(DigestCache.open(path).find('f', 's'), undefined);
  writeFileSync(path, whole);
  assert.equal(DigestCache.open(path).find('f', 's'), 'd');
});

test('the caches of the oldest contexts are removed', (t) => {
  const folder = temporaryFolder(t);
  for (let at = 0; at < 80; at++) {
    const cache = DigestCache.open(join(folder, String(at)));
    cache.put('f', 's', 'd', old);
    cache.save();
  }
  assert.equal(readdirSync(folder).length, 64);
});

test('a killed build’s unfinished file is removed, that of a running build stays', (t) => {
  const folder = temporaryFolder(t);
  for (const name of ['a.123', 'b.456']) writeFileSync(join(folder, name), 'half');
  utimesSync(join(folder, 'a.123'), 0, 0);
  const cache = DigestCache.open(join(folder, 'cache'));
  cache.put('f', 's', 'd', old);
  cache.save();
  assert.deepEqual(readdirSync(folder).toSorted(), ['b.456', 'cache']);
});

test('builds that save at the same time do not disturb each other when there are many contexts', async (t) => {
  const folder = temporaryFolder(t);
  for (let at = 0; at < 64; at++) writeFileSync(join(folder, String(at)), '');
  // Replaces a file again and again, as another build does.
  const other = spawn('sh', ['-c', 'echo; while : > new; do mv new other; done'], { cwd: folder });
  try {
    await once(other.stdout, 'data');
    for (let count = 0; count < 300; count++) {
      const cache = DigestCache.open(join(folder, String(count % 64)));
      cache.put('f', `stamp ${count}`, 'd', old);
      cache.save();
      // Creates the oldest file anew, which the cache may have removed.
      writeFileSync(join(folder, String((count + 1) % 64)), '');
    }
  } finally {
    other.kill('SIGKILL');
    await once(other, 'close');
  }
});
