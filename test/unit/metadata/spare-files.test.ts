import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SpareFiles } from '../../../src/metadata/spare-files.ts';
import { temporaryRoot } from './open-store.ts';

test('spare files become locks and go back, and a name never gets a second one', (context) => {
  const root = temporaryRoot(context);
  const [lock, other] = [join(root, 'lock'), join(root, 'other')];
  const spares = new SpareFiles(root);
  spares.ensure();
  const all = readdirSync(root);
  assert.equal(spares.take(lock), true);
  assert.equal(readdirSync(root).length, all.length);
  const left = readdirSync(root);
  assert.equal(spares.take(lock), true, 'somebody was faster: the file is there');
  assert.deepEqual(readdirSync(root), left);
  assert.equal(spares.giveBack(lock), true);
  assert.deepEqual(readdirSync(root), all);
  writeFileSync(lock, '');
  assert.equal(spares.giveBack(lock), false, 'they are complete');
  for (const name of all) assert.equal(spares.take(join(root, `taken-${name}`)), true);
  assert.equal(spares.take(other), false, 'none is left');
  assert.equal(existsSync(other), false);
});
