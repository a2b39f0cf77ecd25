import assert from 'node:assert/strict';
import { test } from 'node:test';
import { splitImagePath } from '../../../src/cli/image-path.ts';
import { formatExactFileTime, formatFileTime, formatMode } from '../../../src/cli/render/file-fields.ts';
import { formatFileName } from '../../../src/cli/render/file-name.ts';
import { utf8 } from '../../../src/lib/bytes.ts';
import { binary } from '../../helpers/tar-builder.ts';

test('a name says which bytes it has, on one line', () => {
  for (const [name, shown] of [
    [utf8('größe 日本'), 'größe 日本'],
    [utf8('a\nb\t\x1b[0m\x7f'), 'a\\x0ab\\x09\\x1b[0m\\x7f'],
    [utf8('back\\slash'), 'back\\\\slash'],
    [utf8('\u0085\u2028'), '\\xc2\\x85\\xe2\\x80\\xa8'],
    [binary('\xff\xc3(\xe6\x97'), '\\xff\\xc3(\\xe6\\x97'],
    [Uint8Array.of(0xc3, 0xa4, 0xff, 0x0a, 0x41), 'ä\\xff\\x0aA'],
  ] as const) {
    assert.equal(formatFileName(name), shown);
  }
});

test('modes as ls shows them', () => {
  for (const [kind, mode, shown] of [
    ['file', 0o644, '-rw-r--r--'],
    ['file', 0o4755, '-rwsr-xr-x'],
    ['file', 0o6000, '---S--S---'],
    ['directory', 0o1777, 'drwxrwxrwt'],
    ['directory', 0o1766, 'drwxrw-rwT'],
    ['symlink', 0o777, 'lrwxrwxrwx'],
    ['character-device', 0o600, 'crw-------'],
    ['block-device', 0o660, 'brw-rw----'],
    ['fifo', 0o2711, 'prwx--s--x'],
  ] as const) {
    assert.equal(formatMode({ kind, mode }), shown);
  }
});

test('times before 1970, to the nanosecond, and beyond any calendar', () => {
  const at = (seconds: number, nanoseconds = 0): Parameters<typeof formatExactFileTime>[0] => ({
    mtime: { seconds, nanoseconds },
  });
  assert.equal(formatExactFileTime(at(1_700_000_000, 120_000_000)), '2023-11-14T22:13:20.12Z');
  assert.equal(formatExactFileTime(at(-2, 250_000_000)), '1969-12-31T23:59:58.25Z');
  assert.equal(formatExactFileTime(at(1e15)), '@1000000000000000');
  assert.equal(formatFileTime(at(1_700_000_000)), '2023-11-14 22:13');
  assert.equal(formatFileTime(at(1e15)), '@1000000000000000');
});

test('IMAGE:PATH is cut where no name of an image goes on', () => {
  for (const [text, name, path] of [
    ['busybox:/etc', 'busybox', '/etc'],
    ['busybox:1.36:/a:/b', 'busybox:1.36', '/a:/b'],
    ['localhost:5000/app:1:/etc', 'localhost:5000/app:1', '/etc'],
    ['localhost:5000/app:1:etc/x', 'localhost:5000/app:1', 'etc/x'],
    ['sha256:0123:/etc', 'sha256:0123', '/etc'],
    ['busybox:etc', 'busybox', 'etc'],
  ] as const) {
    assert.deepEqual(splitImagePath(text), { name, path });
  }
});
