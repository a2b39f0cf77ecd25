import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ErrorCode, isStrataError } from '../../../src/errors/index.ts';
import { resolveUser } from '../../../src/oci-runtime/user.ts';

const databases = {
  passwd: 'root:x:0:0:root:/root:/bin/sh\n# comment\nweb:x:33:34:www:/var/www:\nbroken:x:nine:9::/:\n12345:x:0:0::/:\n',
  group: 'root:x:0:\nwww:x:34:\nadm:x:4:web,other\nwheel:x:10:web\n',
};

const good: readonly [string, object][] = [
  ['', { uid: 0, gid: 0, additionalGids: [], home: '/root' }],
  ['root', { uid: 0, gid: 0, additionalGids: [], home: '/root' }],
  ['web', { uid: 33, gid: 34, additionalGids: [4, 10], home: '/var/www' }],
  ['33', { uid: 33, gid: 34, additionalGids: [4, 10], home: '/var/www' }],
  ['web:adm', { uid: 33, gid: 4, additionalGids: [], home: '/var/www' }],
  ['web:77', { uid: 33, gid: 77, additionalGids: [], home: '/var/www' }],
  ['1234', { uid: 1234, gid: 0, additionalGids: [], home: '/' }],
  ['1234:5678', { uid: 1234, gid: 5678, additionalGids: [], home: '/' }],
  [':www', { uid: 0, gid: 34, additionalGids: [], home: '/root' }],
  ['2147483647', { uid: 2147483647, gid: 0, additionalGids: [], home: '/' }],
  // A user whose name is a number does not replace the user of that number.
  ['12345', { uid: 12345, gid: 0, additionalGids: [], home: '/' }],
];

const bad: readonly [string, ErrorCode][] = [
  ['nobody', 'ERR_USER_UNKNOWN'],
  ['broken', 'ERR_USER_UNKNOWN'],
  ['web:nogroup', 'ERR_USER_UNKNOWN'],
  // CVE-2024-40635: numbers beyond 32 bits wrapped around to uid 0.
  ['4294967296', 'ERR_USER_INVALID'],
  ['2147483648:1', 'ERR_USER_INVALID'],
  ['-1', 'ERR_USER_INVALID'],
  ['1:-1', 'ERR_USER_INVALID'],
  ['99999999999999999999', 'ERR_USER_INVALID'],
  ['a:b:c', 'ERR_USER_INVALID'],
  ['0x0', 'ERR_USER_UNKNOWN'],
];

for (const [spec, expected] of good) {
  test(`user ${JSON.stringify(spec)}`, () => assert.deepEqual(resolveUser(spec, databases), expected));
}
for (const [spec, code] of bad) {
  test(`user ${JSON.stringify(spec)} is refused`, () =>
    assert.throws(
      () => resolveUser(spec, databases),
      (error) => isStrataError(error, code),
    ));
}
