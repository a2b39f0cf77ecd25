import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RecordKind } from '../../../src/layer/index-file/entry-record.ts';
import { PathList } from '../../../src/layer/index-file/path-list.ts';
import { comparePaths, pathKey } from '../../../src/layer/tree-path.ts';
import { utf8 } from '../../../src/lib/bytes.ts';
import { fc } from '../../helpers/properties.ts';

const kinds: readonly RecordKind[] = ['file', 'directory', 'whiteout', 'opaque', 'ignored'];
const putNothing: readonly RecordKind[] = ['whiteout', 'opaque', 'ignored'];

test('the last of several records is found, however many came before and between', () => {
  const places = new PathList();
  const lastAt = new Map<string, number>();
  // More paths than the list keeps in a map, in a scattered order.
  const count = 70_000;
  for (let ordinal = 0; ordinal < count; ordinal++) {
    const place = `folder-${(ordinal * 7919) % 131}/file-${(ordinal * 104_729) % 9973}`;
    const kind = kinds[(ordinal * 31) % kinds.length] as RecordKind;
    places.add(utf8(place), kind, ordinal);
    if (!putNothing.includes(kind)) lastAt.set(place, ordinal);
    if (ordinal % 997 === 0) assert.equal(places.find(utf8(place)), lastAt.get(place));
  }
  assert.equal(places.find(utf8('folder-1/file')), undefined);
  let checked = 0;
  for (const [place, ordinal] of lastAt) {
    if (checked++ % 61 !== 0) continue;
    const found = places.find(utf8(place));
    assert.equal(found, ordinal);
    assert.equal(pathKey(places.path(ordinal)), place);
    assert.equal(places.kind(ordinal), kinds[(ordinal * 31) % kinds.length]);
    assert.equal(places.sizeBytes(ordinal), ordinal);
  }
});

test('places come sorted, those of one place as they came, looked for meanwhile or not', () => {
  const name = fc.constantFrom('a', 'a-b', 'a/b', 'b', 'b/c/d', '\xff', '');
  fc.assert(
    fc.property(fc.array(fc.tuple(name, fc.constantFrom(...kinds), fc.boolean()), { maxLength: 40 }), (records) => {
      const places = new PathList();
      for (const [place, kind, isLookedFor] of records) {
        places.add(utf8(place), kind, 1);
        if (isLookedFor) places.find(utf8(place));
      }
      const expected = records
        .map(([place, kind], ordinal) => ({ place: utf8(place), kind, ordinal }))
        .filter(({ kind }) => kind !== 'ignored')
        .sort((a, b) => comparePaths(a.place, b.place) || a.ordinal - b.ordinal)
        .map(({ ordinal }) => ordinal);
      assert.deepEqual([...places.inPathOrder()], expected);
    }),
  );
});
