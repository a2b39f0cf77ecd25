import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeFolders } from '../../../src/sys/make-folders.ts';

test('missing folders are made; a folder that cannot be made is an error, without a wait', (context) => {
  const scratch = mkdtempSync(join(tmpdir(), 'strata-folders-'));
  context.after(() => rmSync(scratch, { recursive: true }));
  const deep = join(scratch, 'a/b/c');
  makeFolders(deep, 0o700);
  makeFolders(deep, 0o755);
  assert.equal(statSync(deep).mode & 0o777, 0o700);
  symlinkSync(deep, join(scratch, 'link'));
  makeFolders(join(scratch, 'link/d'), 0o700);
  assert.ok(statSync(join(deep, 'd')).isDirectory());

  writeFileSync(join(scratch, 'file'), '');
  symlinkSync('/nowhere/at/all', join(scratch, 'dangling'));
  for (const [path, code] of [
    [join(scratch, 'file'), 'EEXIST'],
    [join(scratch, 'file/x'), 'ENOTDIR'],
    [join(scratch, 'dangling'), 'EEXIST'],
    [join(scratch, 'dangling/x/y'), 'EEXIST'],
    ['/proc/x', 'ENOENT'],
    ['/proc/x/y/z', 'ENOENT'],
  ] as const) {
    assert.throws(() => makeFolders(path, 0o700), { code }, path);
  }
});
