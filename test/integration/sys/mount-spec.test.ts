import assert from 'node:assert/strict';
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { AT_FDCWD } from '../../../src/sys/constants.ts';
import { errnoOf } from '../../../src/sys/errno.ts';
import { closeFd, mknodAt } from '../../../src/sys/fs-at.ts';
import { type MountSpec, mountDetached } from '../../../src/sys/mount-spec.ts';
import { temporaryFolder } from '../../helpers/build-folder.ts';
import { needs } from '../../helpers/needs.ts';

test('a device in a tree that is only looked into does not open', { skip: needs('root', 'overlay') }, (t) => {
  const folder = temporaryFolder(t);
  const at = (name: string): string => join(folder, name);
  for (const name of ['lower', 'upper', 'work']) mkdirSync(at(name));
  writeFileSync(at('lower/file'), 'x');
  mknodAt(AT_FDCWD, at('lower/null'), 'character-device', 0o666, 1, 3);
  closeFd(openSync(at('lower/null'), 'r'));
  const overlay = { lowerDirs: [at('lower')], upperDir: at('upper'), workDir: at('work') };
  const specs: readonly MountSpec[] = [
    { type: 'bind', source: at('lower'), readOnly: true },
    { type: 'bind', source: at('lower'), readOnly: false },
    { type: 'overlay', source: '', readOnly: false, overlay },
  ];
  for (const spec of specs) {
    const fd = mountDetached(spec);
    try {
      assert.equal(readFileSync(`/proc/self/fd/${fd}/file`, 'utf8'), 'x');
      assert.throws(
        () => openSync(`/proc/self/fd/${fd}/null`, 'r'),
        (error) => errnoOf(error) === 'EACCES',
      );
      // An archive may hold one all the same.
      if (!spec.readOnly) mknodAt(fd, `made-${spec.type}`, 'character-device', 0o666, 1, 3);
    } finally {
      closeFd(fd);
    }
  }
});
