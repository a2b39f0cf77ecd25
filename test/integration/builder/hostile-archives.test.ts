import assert from 'node:assert/strict';
import { lstatSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { unpackArchive } from '../../../src/builder/archive/unpack-archive.ts';
import { isStrataError } from '../../../src/errors/index.ts';
import { temporaryFolder } from '../../helpers/build-folder.ts';
import { makeHostReadOnly } from '../../helpers/make-host-read-only.ts';
import { needs } from '../../helpers/needs.ts';
import { createRandom, isSoak, type Random, runSeed } from '../../helpers/random.ts';
import { characterDevice, dir, fifo, file, hardlink, symlink, tar } from '../../helpers/tar-builder.ts';

const skip = needs('root');
makeHostReadOnly();

const names = ['a', 'a/b', 'b', '../victim', '/abs', 'l', 'l/x', 'l/../victim', '.', 'a//b', 'd/e/f', '..', 'd/.wh.a'];
const targets = ['/', '..', '../..', 'a', '/a', '../victim', 'l', '.', '/dev/shm/victim'];

function archiveOf(random: Random): Uint8Array {
  const entry = (): Uint8Array => {
    const name = random.pick(names);
    const mode = random.next(0o7777);
    switch (random.next(7)) {
      case 0:
        return dir(name, { mode });
      case 1:
        return symlink(name, random.pick(targets));
      case 2:
        return hardlink(name, random.pick([...targets, ...names]));
      case 3:
        return fifo(name, { mode });
      case 4:
        return characterDevice(name, random.next(3), random.next(3));
      default:
        return file(name, 'x'.repeat(random.next(900)), { mode, uid: random.next(5) });
    }
  };
  const bytes = Uint8Array.from(tar(...Array.from({ length: 1 + random.next(7) }, entry)));
  if (random.next(3) === 0) for (let times = 0; times < 3; times++) bytes[random.next(bytes.length)] = random.next(256);
  return bytes;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

test('archives that ADD unpacks stay where they are unpacked, or are refused with a reason', { skip }, async (t) => {
  const seed = runSeed();
  const folder = temporaryFolder(t);
  const victims = [join(folder, 'victim'), '/dev/shm/victim'];
  for (const victim of victims) writeFileSync(victim, 'host');
  const states = (): unknown[] =>
    victims.map((victim) => {
      const { ctimeMs, nlink, mode } = lstatSync(victim);
      return [readFileSync(victim, 'utf8'), ctimeMs, nlink, mode];
    });
  const before = states();
  for (let at = 0; at < (isSoak ? 20_000 : 300); at++) {
    const target = join(folder, 'target');
    mkdirSync(target);
    const random = createRandom(seed + at);
    try {
      const options = { isLayer: random.next(2) === 0, signal: new AbortController().signal };
      await unpackArchive(once(archiveOf(random)), target, options);
    } catch (error) {
      assert.ok(isStrataError(error) && error.kind !== 'internal', `STRATA_SEED=${seed + at}: ${String(error)}`);
    }
    assert.deepEqual(states(), before, `STRATA_SEED=${seed + at}`);
    rmSync(target, { recursive: true });
  }
  rmSync('/dev/shm/victim');
});
