import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { publishIndex } from '../../../src/store/layers/publish-index.ts';
import { temporaryFolder } from '../../helpers/build-folder.ts';

test('an index takes a free name, stays when the new one is equal, and is replaced by a different one', async (context) => {
  const folder = temporaryFolder(context);
  const [written, path] = [join(folder, 'written'), join(folder, 'index')];
  const publish = async (content: string, isTrusted = true): Promise<number> => {
    writeFileSync(written, content);
    await publishIndex(written, path, { isTrusted });
    assert.equal(readFileSync(path, 'utf8'), content);
    assert.ok(!existsSync(written));
    return statSync(path).ino;
  };
  const large = 'x'.repeat((2 << 20) + 1);
  const inode = await publish(large);
  assert.equal(await publish(large), inode);
  const anew = await publish(large, false);
  assert.notEqual(anew, inode, 'the existing file may be in memory only');
  assert.notEqual(await publish(`${large.slice(1)}y`), anew, 'another at its end');
  assert.equal(await publish(''), await publish(''));
});
