import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { digestOf } from '../../../../src/content/verify.ts';
import { createRandom, isSoak, runSeed } from '../../../helpers/random.ts';
import { ingestsOf, openLocal, strayFiles } from './local-content.ts';

const fixture = join(import.meta.dirname, 'commit-crash.fixture.ts');

interface Crash {
  readonly seed: number;
  readonly length: number;
  /** True when the same blob is already committed. */
  readonly isPresent: boolean;
  /** Step before which the process kills itself; or the delay in milliseconds after which the test kills it. */
  readonly before?: number;
  readonly afterMs?: number;
}

/** Lets a child commit and die, checks the store it left, and returns the state that the commit reached. */
async function crash({
  seed,
  length,
  isPresent,
  before = 1_000_000,
  afterMs,
}: Crash): Promise<'acknowledged' | 'visible' | 'invisible'> {
  const root = mkdtempSync(join(tmpdir(), 'strata-crash-'));
  try {
    const bytes = createRandom(seed).bytes(length);
    const digest = digestOf(bytes);
    if (isPresent) await commit(root, 'before', bytes);
    const args = [fixture, root, `${seed}`, `${length}`, `${before}`];
    const acknowledged = (await output(args, afterMs)).endsWith('ack\n');

    const store = openLocal(root);
    const found = await store.info(digest);
    if (acknowledged || isPresent) assert.ok(found, 'an acknowledged blob is there');
    for await (const blob of store.list()) {
      await using reader = await store.open(blob.digest);
      const content = new Uint8Array(reader.sizeBytes);
      await reader.read(content, 0);
      assert.ok(Buffer.from(content).equals(bytes), 'and intact');
    }
    if (acknowledged) assert.deepEqual(ingestsOf(root), [], 'nothing is left of it');
    assert.equal(await commit(root, 'layer', bytes), found !== undefined, 'the rest is resumed');
    assert.deepEqual(ingestsOf(root), []);
    assert.deepEqual(strayFiles(root), []);
    return acknowledged ? 'acknowledged' : found ? 'visible' : 'invisible';
  } finally {
    rmSync(root, { recursive: true });
  }
}

async function commit(root: string, ref: string, bytes: Uint8Array): Promise<boolean> {
  const expected = { digest: digestOf(bytes), sizeBytes: bytes.length };
  await using writer = await openLocal(root).writer(ref, { expected });
  assert.ok(writer.offset <= bytes.length);
  await writer.write(bytes.subarray(writer.offset));
  return (await writer.commit()).existed;
}

async function output(args: readonly string[], afterMs: number | undefined): Promise<string> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  const closed = once(child, 'close');
  if (afterMs !== undefined) {
    await once(child.stdout, 'data');
    await Promise.race([sleep(afterMs), closed]);
    child.kill('SIGKILL');
  }
  const [code, signal] = (await closed) as [number | null, NodeJS.Signals | null];
  assert.ok(signal === 'SIGKILL' || code === 0, `the child ended with ${code ?? signal}`);
  return text;
}

const seed = runSeed();

describe(`a process killed within a commit (STRATA_SEED=${seed})`, { concurrency: 2 }, () => {
  // The steps: three writes, flush, verify, before-publish, rename, flush-directory, clean-up, acknowledge.
  const steps = 10;
  const expectations = [...Array<string>(7).fill('invisible'), ...Array<string>(3).fill('visible')];
  for (let before = 0; before <= steps; before++) {
    test(`before step ${before} of ${steps}`, async () => {
      const outcome = await crash({ seed, length: 50_000 + (seed % 5000), isPresent: false, before });
      assert.equal(outcome, expectations[before] ?? 'acknowledged');
    });
  }
  // A commit of an existing blob has no rename.
  for (const before of [3, 6, 7, 8]) {
    test(`before step ${before}, with the same blob there`, async () => {
      assert.equal(await crash({ seed, length: 3000, isPresent: true, before }), 'visible');
    });
  }

  test('at any moment', async () => {
    const random = createRandom(seed);
    const tally = { acknowledged: 0, visible: 0, invisible: 0 };
    for (let run = 0; run < (isSoak ? 300 : 6); run++) {
      const length = random.next(4_000_000);
      const afterMs = random.next(60);
      tally[await crash({ seed: random.next(2 ** 31), length, isPresent: false, afterMs })]++;
    }
    if (isSoak) console.log(JSON.stringify({ seed, scenario: 'commit killed at any moment', ...tally }));
  });
});
