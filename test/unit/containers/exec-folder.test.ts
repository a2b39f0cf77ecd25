import assert from 'node:assert/strict';
import { closeSync, existsSync, fstatSync, openSync } from 'node:fs';
import { test } from 'node:test';
import { ExecFolder } from '../../../src/containers/exec/folder.ts';
import { temporaryFolder } from '../../helpers/build-folder.ts';

test('a folder released twice closes no other descriptor', (context) => {
  const folder = ExecFolder.make(temporaryFolder(context), 'a'.repeat(64));
  folder.leave();
  // The kernel reuses the lowest free descriptor, so one of these has the number that `leave` closed.
  const others = Array.from({ length: 64 }, () => openSync('/dev/null', 'r'));
  folder.leave();
  folder[Symbol.dispose]();
  for (const fd of others) assert.ok(fstatSync(fd).isCharacterDevice());
  assert.ok(existsSync(folder.files.directory), 'it is left to those who hold it');
  for (const fd of others) closeSync(fd);
});
