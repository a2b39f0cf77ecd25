import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMountInfo } from '../../../src/sys/mountinfo.ts';

const parse = (text: string): ReturnType<typeof parseMountInfo> => parseMountInfo(Buffer.from(text, 'latin1'));
const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('latin1');

test('a line is read field by field', () => {
  const [mount, ...more] = parse(
    '36 35 98:1048575 /mnt1 /mnt2 rw,noatime master:1 shared:2 - ext3 /dev/root rw,errors=x\n',
  );
  assert.equal(more.length, 0);
  assert.deepEqual(
    { ...mount, root: text(mount?.root), mountPoint: text(mount?.mountPoint), source: text(mount?.source) },
    {
      id: 36,
      parentId: 35,
      deviceMajor: 98,
      deviceMinor: 1_048_575,
      root: '/mnt1',
      mountPoint: '/mnt2',
      options: 'rw,noatime',
      propagation: ['master:1', 'shared:2'],
      type: 'ext3',
      source: '/dev/root',
      superOptions: 'rw,errors=x',
    },
  );
});

test('a private mount has no propagation, and a type may have a dot', () => {
  const [mount] = parse('1 0 0:1 / /x ro - fuse.sshfs none ro\n');
  assert.deepEqual([mount?.propagation, mount?.type], [[], 'fuse.sshfs']);
});

test('octal escapes become the bytes they stand for', () => {
  for (const [written, meant] of [
    ['/a\\040b', '/a b'],
    ['/\\011\\012\\134\\043', '/\t\n\\#'],
    ['/\\134040', '/\\040'],
    ['/\\377\xfe', '/\xff\xfe'],
    ['/back\\slash\\9', '/back\\slash\\9'],
    ['/-', '/-'],
  ] as const) {
    assert.equal(text(parse(`1 0 0:1 / ${written} rw - tmpfs none rw\n`)[0]?.mountPoint), meant);
    assert.equal(text(parse(`1 0 0:1 ${written} / rw - tmpfs none rw\n`)[0]?.root), meant);
    assert.equal(text(parse(`1 0 0:1 / / rw - tmpfs ${written} rw\n`)[0]?.source), meant);
  }
});

test('an empty source is kept, lines of another form are left out', () => {
  const mounts = parse('1 0 0:1 / /a rw - tmpfs  rw\nnonsense\n\n2 0 0:1 / /b rw shared:1\n3 0 0:1 / /c rw - x y z');
  assert.deepEqual(
    mounts.map(({ mountPoint, source }) => [text(mountPoint), text(source)]),
    [
      ['/a', ''],
      ['/c', 'y'],
    ],
  );
});
