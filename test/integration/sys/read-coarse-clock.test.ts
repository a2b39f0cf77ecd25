import assert from 'node:assert/strict';
import { lstatSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readCoarseClock } from '../../../src/sys/read-coarse-clock.ts';

test('the clock that dates files goes on, and no later change is older', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'strata-clock-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const createFile = (name: string): bigint => {
    writeFileSync(join(folder, name), '');
    return lstatSync(join(folder, name), { bigint: true }).ctimeNs;
  };
  const now = (): bigint => {
    const { seconds, nanoseconds } = readCoarseClock();
    return BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds);
  };
  for (let i = 0; i < 5; i++) {
    const before = createFile(`${i}-before`);
    while (now() <= before);
    const between = now();
    assert.ok(createFile(`${i}-after`) >= between);
  }
});
