import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '../../../src/lib/bytes.ts';
import { LinkedNames } from '../../../src/sys/linked-names.ts';
import { FileStat } from '../../../src/sys/stat.ts';

function statOf(ino: bigint, deviceMinor: number): FileStat {
  return Object.assign(new FileStat(), { ino, deviceMajor: 8, deviceMinor });
}

test('each file has the first of its names, for any inode number and device', () => {
  const names = new LinkedNames();
  const long = 'n'.repeat(100_000);
  const files = Array.from({ length: 20_000 }, (_, index) => {
    // Neighbours, multiples of a large power of two, and the upper half alone.
    const ino = [BigInt(index), BigInt(index) << 20n, BigInt(index) << 40n][index % 3] as bigint;
    return { stat: statOf(ino, index % 7), name: index === 777 ? long : `name ${index}` };
  });
  const known = new Map<string, string>();
  for (const { stat, name } of files) {
    const key = `${stat.deviceMinor}:${stat.ino}`;
    const first = names.first(stat);
    assert.equal(first && Buffer.from(first).toString(), known.get(key));
    if (first) continue;
    names.add(stat, utf8(name));
    known.set(key, name);
  }
  for (const { stat } of files) {
    const first = names.first(stat);
    assert.equal(first && Buffer.from(first).toString(), known.get(`${stat.deviceMinor}:${stat.ino}`));
  }
  assert.equal(names.first(statOf(2n ** 63n, 0)), undefined);
});
