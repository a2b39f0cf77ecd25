import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Engine } from '../../../src/engine/index.ts';
import { isStrataError, type StrataError } from '../../../src/errors/index.ts';
import { folderWith } from '../../helpers/build-folder.ts';
import { busyboxContext } from '../../helpers/busybox-image.ts';
import { mountLoopFilesystem } from '../../helpers/loop-filesystem.ts';
import { needs } from '../../helpers/needs.ts';
import { removeRunStateAfter } from '../../helpers/store-root.ts';

const skip = needs('root', 'runc', 'overlay', 'busybox', 'loop');

test('a RUN that fails on a full disk says that the disk is full', { skip }, async (t) => {
  using disk = mountLoopFilesystem(['mkfs.ext4', '-q', '-m', '0', '-N', '4000'], { megabytes: 64 });
  await using engine = await Engine.open({ root: join(disk.path, 'root'), storageDriver: 'overlay2' });
  removeRunStateAfter(t, engine.layout.root);
  await engine.builder.build({ context: busyboxContext(t), tags: ['box'] }).result;
  const failureOf = async (script: string): Promise<StrataError> => {
    const context = folderWith(t, { Dockerfile: `FROM box\nRUN ${script}\n` });
    try {
      await engine.builder.build({ context }).result;
    } catch (error) {
      if (isStrataError(error)) return error;
      throw error;
    }
    assert.fail(`${script} succeeds`);
  };
  const saysWhy = async (script: string, why: RegExp): Promise<void> => {
    const { code, hint = '', message } = await failureOf(script);
    // On a full disk the store itself may have failed to record how the step ended.
    assert.match(code === 'ERR_RUN_FAILED' ? hint : message, why);
    assert.deepEqual(readdirSync(engine.layout.trash), [], 'its files are removed, so that there is space again');
  };
  assert.equal((await failureOf('false')).hint, undefined);
  await saysWhy('cat /dev/zero > /large', /no space left on device/);
  await saysWhy('i=0; while echo > /file$i; do i=$((i+1)); done; false', /no inodes left on device/);
});
