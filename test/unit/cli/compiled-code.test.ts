import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { compiledCodeFolder, isPrivate } from '../../../src/cli/compiled-code.ts';

test("root's compiled code is never where HOME says", () => {
  assert.equal(compiledCodeFolder(0, { HOME: '/home/someone', XDG_CACHE_HOME: '/tmp' }), '/var/cache/strata');
});

test("others' compiled code is in their cache folder, if they have one", () => {
  assert.equal(compiledCodeFolder(1000, { HOME: '/home/a', XDG_CACHE_HOME: '/caches/a' }), '/caches/a/strata');
  assert.equal(compiledCodeFolder(1000, { HOME: '/home/a', XDG_CACHE_HOME: 'relative' }), '/home/a/.cache/strata');
  assert.equal(compiledCodeFolder(1000, { HOME: '/home/a' }), '/home/a/.cache/strata');
  assert.equal(compiledCodeFolder(1000, { HOME: '' }), undefined);
  assert.equal(compiledCodeFolder(1000, {}), undefined);
});

test('a folder is used only if nobody else can write to it', (context) => {
  const scratch = mkdtempSync(join(tmpdir(), 'strata-compiled-'));
  context.after(() => rmSync(scratch, { recursive: true }));
  const uid = process.getuid?.() ?? 0;

  const missing = join(scratch, 'caches/strata');
  assert.equal(isPrivate(missing, uid), true);
  assert.equal(statSync(missing).mode & 0o777, 0o700);
  assert.equal(isPrivate(missing, uid), true, 'once more');
  assert.equal(isPrivate(missing, uid + 1), false, "somebody else's");

  for (const mode of [0o777, 0o1777, 0o770, 0o702]) {
    chmodSync(missing, mode);
    assert.equal(isPrivate(missing, uid), false, mode.toString(8));
  }

  const real = join(scratch, 'real');
  mkdirSync(real, 0o700);
  symlinkSync(real, join(scratch, 'link'));
  assert.equal(isPrivate(join(scratch, 'link'), uid), false, 'a symlink');

  writeFileSync(join(scratch, 'file'), '');
  assert.equal(isPrivate(join(scratch, 'file'), uid), false, 'a file');
  assert.equal(isPrivate(join(scratch, 'file/strata'), uid), false, 'under a file');

  symlinkSync(join(scratch, 'nowhere'), join(scratch, 'dangling'));
  assert.equal(isPrivate(join(scratch, 'dangling/strata'), uid), false, 'below a symlink that leads nowhere');
});
