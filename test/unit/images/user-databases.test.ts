import assert from 'node:assert/strict';
import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readUserDatabases } from '../../../src/images/user-databases.ts';
import { RootedTree } from '../../../src/sys/rooted-tree.ts';
import { folderWith } from '../../helpers/build-folder.ts';

test('an endless user database is read only at its beginning (B12)', (context) => {
  const folder = folderWith(context, { 'etc/passwd': 'me:x:5:6::/:/bin/sh\n', 'etc/group': 'us:x:7:me\n' });
  truncateSync(join(folder, 'etc/passwd'), 64 << 20);
  using tree = RootedTree.open(folder);
  const { passwd, group } = readUserDatabases(tree);
  assert.ok(passwd.startsWith('me:x:5:6::/:/bin/sh\n\0'));
  assert.equal(passwd.length, 4 << 20);
  assert.equal(group, 'us:x:7:me\n');
});
