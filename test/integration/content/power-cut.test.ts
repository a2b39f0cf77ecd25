import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { digestOf } from '../../../src/content/verify.ts';
import { parseDigest } from '../../../src/spec/digest.ts';
import { needs } from '../../helpers/needs.ts';
import { PowerDisk, powerCuts } from '../../helpers/power-cut.ts';
import { createRandom, isSoak, runSeed } from '../../helpers/random.ts';
import { openLocal } from '../../unit/content/local/local-content.ts';

const fixture = join(import.meta.dirname, 'commit-forever.fixture.ts');

interface Verdict {
  readonly acknowledged: number;
  readonly lost: number;
  readonly blobs: number;
  readonly damaged: number;
}

/** Cuts the power under a process that commits, and counts the blobs after a restart of the machine. */
async function cutPower(flag: number, seed: number, mode: 'flush' | 'no-flush'): Promise<Verdict> {
  using disk = new PowerDisk();
  const child = spawn(process.execPath, [fixture, disk.path, `${seed}`, mode], { stdio: ['ignore', 'pipe', 'ignore'] });
  let acknowledged = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (acknowledged += text));
  const closed = once(child, 'close');
  await once(child.stdout, 'data');
  await sleep(createRandom(seed).next(400));
  disk.cut(flag);
  child.kill('SIGKILL');
  await closed;
  await disk.startAgain();
  return await judge(disk.path, acknowledged.split('\n').slice(0, -1));
}

async function judge(root: string, acknowledged: readonly string[]): Promise<Verdict> {
  const store = openLocal(root);
  const intact = new Set<string>();
  let damaged = 0;
  for await (const { digest } of store.list()) {
    if (digestOf(readFileSync(store.path(digest))) === digest) intact.add(digest);
    else damaged++;
  }
  for (const digest of acknowledged) {
    if (intact.has(digest)) assert.ok(await store.info(parseDigest(digest)));
  }
  await using writer = await store.writer('afterwards');
  await writer.write(new Uint8Array(1000));
  await writer.commit();
  const lost = acknowledged.filter((digest) => !intact.has(digest)).length;
  return { acknowledged: acknowledged.length, lost, blobs: intact.size, damaged };
}

const seed = runSeed();
const random = createRandom(seed);

describe(`a power cut (STRATA_SEED=${seed})`, { skip: needs('root', 'loop', 'mkfs.ext4', 'losetup') }, () => {
  for (const [what, flag] of Object.entries(powerCuts)) {
    test(`${what}: acknowledged blobs are intact`, async () => {
      const totals = { cuts: 0, acknowledged: 0, blobs: 0 };
      for (let round = 0; round < (isSoak ? 40 : 1); round++) {
        const verdict = await cutPower(flag, random.next(2 ** 31), 'flush');
        assert.deepEqual({ lost: verdict.lost, damaged: verdict.damaged }, { lost: 0, damaged: 0 });
        assert.ok(verdict.acknowledged > 0);
        totals.cuts++;
        totals.acknowledged += verdict.acknowledged;
        totals.blobs += verdict.blobs;
      }
      if (isSoak) console.log(JSON.stringify({ seed, scenario: `power cut, ${what}`, ...totals, lost: 0, damaged: 0 }));
    });
  }

  test('without flushes the same cut loses blobs: this test can fail', async () => {
    const verdicts: Verdict[] = [];
    // The kernel may happen to have written everything just before.
    while (verdicts.length < 5 && !verdicts.some(({ lost }) => lost > 0))
      verdicts.push(await cutPower(powerCuts['log lost'] ?? 0, random.next(2 ** 31), 'no-flush'));
    assert.ok(
      verdicts.some(({ lost }) => lost > 0),
      JSON.stringify(verdicts),
    );
  });
});
