import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { emptyTrash } from '../../../src/metadata/trash.ts';
import { temporaryRoot } from './open-store.ts';

test('everything in the trash is removed, but no target of its symlinks', async (context) => {
  const root = temporaryRoot(context);
  const trash = join(root, 'trash');
  mkdirSync(join(trash, 'tree/a/b/c/d/e/f'), { recursive: true });
  writeFileSync(join(root, 'victim'), 'precious');
  mkdirSync(join(root, 'precious'));
  writeFileSync(join(root, 'precious/file'), '');
  writeFileSync(join(trash, 'file'), '');
  symlinkSync(join(root, 'victim'), join(trash, 'link'));
  symlinkSync(join(root, 'precious'), join(trash, 'tree/link'));
  symlinkSync(join(root, 'precious'), join(trash, 'tree/a/b/c/d/link'));
  writeFileSync(Buffer.concat([Buffer.from(join(trash, 'tree/')), Buffer.from([0xff, 0xfe, 0x0a])]), '');
  mkdirSync(join(trash, 'tree/closed'), { mode: 0 });
  writeFileSync(join(trash, 'tree/a/b/readonly'), '');
  chmodSync(join(trash, 'tree/a/b'), 0o500);
  await emptyTrash(trash);
  assert.deepEqual(readdirSync(trash), []);
  assert.ok(existsSync(join(root, 'victim')));
  assert.ok(existsSync(join(root, 'precious/file')));
  await emptyTrash(trash);
});

test('two may empty it at once', async (context) => {
  const trash = join(temporaryRoot(context), 'trash');
  for (let i = 0; i < 20; i++) {
    for (let j = 0; j < 10; j++) mkdirSync(join(trash, `t${i}/d${j}/e/f/g`), { recursive: true });
    for (let j = 0; j < 60; j++) writeFileSync(join(trash, `t${i}/d${j % 10}/e/f${j}`), '');
  }
  await Promise.all([emptyTrash(trash), emptyTrash(trash), emptyTrash(trash)]);
  await emptyTrash(trash);
  assert.deepEqual(readdirSync(trash), []);
});
