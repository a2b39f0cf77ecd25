import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isStrataError } from '../../../src/errors/index.ts';
import { childPath, comparePaths, nameStart, normalizePath, parentPath } from '../../../src/layer/tree-path.ts';
import { hasJunkDirectory, meaningOf, whiteoutName } from '../../../src/layer/whiteout-names.ts';
import { displayBytes, utf8 } from '../../../src/lib/bytes.ts';
import { fc } from '../../helpers/properties.ts';

const clean = (path: string): string => displayBytes(normalizePath(utf8(path)));

const places: readonly (readonly [string, string])[] = [
  ['', ''],
  ['.', ''],
  ['./', ''],
  ['/', ''],
  ['//', ''],
  ['/.', ''],
  ['././.', ''],
  ['a', 'a'],
  ['./a', 'a'],
  ['/a', 'a'],
  ['.//a', 'a'],
  ['/./a', 'a'],
  ['a/', 'a'],
  ['a//', 'a'],
  ['a/b/', 'a/b'],
  ['a//b', 'a/b'],
  ['a/./b', 'a/b'],
  ['a/.', 'a'],
  ['a/../b', 'b'],
  ['a/b/../../c', 'c'],
  ['a/..', ''],
  ['.a', '.a'],
  ['..a', '..a'],
  ['a..', 'a..'],
  ['...', '...'],
  ['a/.../b', 'a/.../b'],
  ['.wh.x', '.wh.x'],
];

test('a path of an archive becomes the place it names', () => {
  for (const [path, place] of places) assert.equal(clean(path), place, JSON.stringify(path));
});

test('a clean path costs no copy', () => {
  const path = utf8('./usr/lib/x');
  assert.equal(normalizePath(path).buffer, path.buffer);
});

for (const path of ['..', '../x', '/../x', '/..', 'a/../../x', './../x', 'a/../..', '../dest-evil/x', '//../x']) {
  test(`${path} leads out of the root`, () => {
    assert.throws(
      () => normalizePath(utf8(path)),
      (error) => isStrataError(error, 'ERR_LAYER_PATH_ESCAPE'),
    );
  });
}

test('a NUL or more than PATH_MAX is no path', () => {
  const invalid = (error: unknown): boolean => isStrataError(error, 'ERR_LAYER_ENTRY_INVALID');
  assert.throws(() => normalizePath(utf8('a\0b')), invalid);
  assert.throws(() => normalizePath(utf8('a//b\0')), invalid);
  assert.throws(() => normalizePath(utf8('x/'.repeat(2048) + 'y')), invalid);
  assert.throws(() => normalizePath(utf8('x//'.repeat(2048) + 'y')), invalid);
  assert.equal(normalizePath(utf8(`/${'x'.repeat(4095)}`)).length, 4095);
});

test('places sort parents first and by component', () => {
  const sorted = ['', 'a', 'a/a', 'a/b', 'a/b/c', 'a/b-', 'a-', 'a-b', 'a.b', 'ab', 'b'].map(utf8);
  const shuffled = sorted.toReversed();
  assert.deepEqual(shuffled.sort(comparePaths).map(displayBytes), sorted.map(displayBytes));
});

test('comparing places is comparing lists of components', () => {
  const place = fc.array(fc.constantFrom('a', 'b', 'a-', 'ab', '.', '\x7f'), { maxLength: 4 });
  fc.assert(
    fc.property(place, place, (a, b) => {
      let expected = 0;
      for (let at = 0; expected === 0 && at < Math.max(a.length, b.length); at++) {
        const [left, right] = [a[at], b[at]];
        expected = left === right ? 0 : left === undefined ? -1 : right === undefined ? 1 : left < right ? -1 : 1;
      }
      assert.equal(Math.sign(comparePaths(utf8(a.join('/')), utf8(b.join('/')))), expected);
    }),
  );
});

test('a place is its parent and its name', () => {
  for (const place of ['a', 'a/b', 'a/b/c'].map(utf8)) {
    assert.deepEqual(childPath(parentPath(place), place.subarray(nameStart(place))), place);
  }
  assert.equal(parentPath(utf8('a')).length, 0);
});

const meanings: readonly (readonly [string, string])[] = [
  ['x', 'plain'],
  ['.wh', 'plain'],
  ['.whx', 'plain'],
  ['.wh.x', 'whiteout x'],
  ['.wh..x', 'whiteout .x'],
  ['.wh....', 'whiteout ...'],
  ['.wh..wh..opq', 'opaque'],
  ['.wh..wh.plnk', 'junk'],
  ['.wh..wh.aufs', 'junk'],
  ['.wh..wh.orph', 'junk'],
  ['.wh..wh.', 'junk'],
  ['.wh..wh..opqx', 'junk'],
];

test('names of a layer mean files, deletions or book-keeping', () => {
  for (const [name, meaning] of meanings) {
    const read = meaningOf(utf8(name), utf8(name));
    assert.equal(read.kind === 'whiteout' ? `whiteout ${displayBytes(read.hides)}` : read.kind, meaning, name);
  }
});

for (const name of ['.wh.', '.wh..', '.wh...']) {
  test(`${name} would delete the directory itself or its parent`, () => {
    assert.throws(
      () => meaningOf(utf8(name), utf8(`etc/${name}`)),
      (error) => isStrataError(error, 'ERR_LAYER_ENTRY_INVALID') && error.message.includes('invalid whiteout'),
    );
  });
}

test('hiding a name and reading that back agree', () => {
  const read = meaningOf(whiteoutName(utf8('passwd')), utf8(''));
  assert.ok(read.kind === 'whiteout' && displayBytes(read.hides) === 'passwd');
});

test('entries in directories of aufs are dropped; no other directory may have a reserved name', () => {
  const inJunk = (path: string): boolean => hasJunkDirectory(utf8(path), utf8(path));
  assert.ok(inJunk('.wh..wh.plnk/1.2') && inJunk('a/.wh..wh.orph/b/c'));
  assert.ok(!inJunk('a/b') && !inJunk('.wh.x') && !inJunk('a/.wh..wh..opq') && !inJunk('.whx/y'));
  for (const path of ['.wh.a/b', 'x/.wh..wh..opq/y', '.wh./x']) {
    assert.throws(
      () => inJunk(path),
      (error) => isStrataError(error, 'ERR_LAYER_ENTRY_INVALID'),
    );
  }
});
