import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filesystemOf, findFilesystem } from '../../../src/snapshots/filesystem-of.ts';
import { parseMountInfo } from '../../../src/sys/mountinfo.ts';
import { output } from '../../helpers/needs.ts';

const mounts = parseMountInfo(
  Buffer.from(
    [
      '27 1 254:0 / / rw,relatime shared:1 master:2 - ext4 /dev/vda rw,discard',
      '30 27 0:40 / /var rw,noexec,nodev - nfs4 server:/x rw,vers=4.2',
      '31 30 0:41 / /var/lib/with\\040space rw - fuse.sshfs host:/ rw,user_id=0',
      '32 30 0:42 / /var/lib rw - tmpfs first rw',
      '33 30 0:43 / /var/lib ro - overlay second rw,lowerdir=/a',
      '',
    ].join('\n'),
  ),
);

test('the filesystem of a path is that of the longest mount point, the latest on one place', () => {
  const typeAt = (path: string): string | undefined => findFilesystem(path, mounts)?.type;
  assert.equal(typeAt('/'), 'ext4');
  assert.equal(typeAt('/home'), 'ext4');
  assert.equal(typeAt('/var'), 'nfs4');
  assert.equal(typeAt('/variable'), 'ext4');
  assert.equal(typeAt('/var/lib'), 'overlay');
  assert.equal(typeAt('/var/lib/strata'), 'overlay');
  assert.equal(typeAt('/var/lib/with space/x'), 'fuse.sshfs');
  assert.equal(findFilesystem('/', []), undefined);
});

test('options of the mount and of the filesystem are returned together', () => {
  const options = findFilesystem('/var/x', mounts)?.options;
  assert.deepEqual([...(options ?? [])], ['rw', 'noexec', 'nodev', 'vers=4.2']);
});

test('agrees with findmnt about this machine', () => {
  for (const path of ['/', '/proc', '/tmp', import.meta.dirname]) {
    assert.equal(filesystemOf(path)?.type, output('findmnt', '-n', '-o', 'FSTYPE', '-T', path).trim(), path);
  }
});
