import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countDeletedBytes, type LayerEntries } from '../../../src/layer/count-deleted-bytes.ts';
import type { EntryRecord, RecordKind } from '../../../src/layer/index-file/entry-record.ts';
import { patienceMs } from '../../helpers/until.ts';

type Line = readonly [kind: RecordKind, place: string, sizeBytes?: number, shadowed?: boolean];

const layer = (...lines: readonly Line[]): LayerEntries => ({
  records: () =>
    lines.map(
      ([kind, path, sizeBytes = 0, shadowed = false]) =>
        ({ kind, treePath: Buffer.from(path), sizeBytes, shadowed }) as Partial<EntryRecord> as EntryRecord,
    ),
});

const unread: LayerEntries = {
  records: () => {
    throw new Error('read for nothing');
  },
};

test('files that are deleted count where they are', () => {
  const top = layer(['whiteout', 'a/big'], ['whiteout', 'gone'], ['file', 'new', 7]);
  const nearest = layer(['directory', 'a'], ['file', 'a/other', 5], ['file', 'gone/x/y', 20], ['file', 'gonex', 3]);
  const base = layer(['file', 'a/big', 100], ['file', 'a/bigger', 50], ['file', 'gone/old', 1]);
  assert.deepEqual(countDeletedBytes(top, [nearest, base]), [20, 101]);
});

test('a layer that deletes nothing costs no look at those below', () => {
  assert.deepEqual(countDeletedBytes(layer(['directory', 'a'], ['file', 'a/b', 9]), [unread, unread]), [0, 0]);
  assert.deepEqual(countDeletedBytes(layer(['whiteout', 'a']), []), []);
});

test('an opaque directory hides what was in it, not itself; a root that is opaque hides all', () => {
  const below = layer(['directory', 'd'], ['file', 'd/x', 8], ['file', 'd/e/y', 4], ['file', 'dx', 2]);
  assert.deepEqual(countDeletedBytes(layer(['directory', 'd'], ['opaque', 'd'], ['file', 'd/x', 8]), [below]), [12]);
  assert.deepEqual(countDeletedBytes(layer(['opaque', '']), [below]), [14]);
});

test('bytes deleted or replaced earlier count for that earlier layer', () => {
  const file = layer(['file', 'f', 10]);
  const deletes = layer(['whiteout', 'f']);
  assert.deepEqual(countDeletedBytes(deletes, [file, deletes, file]), [10, 0, 0]);
  assert.deepEqual(countDeletedBytes(deletes, [deletes, file]), [0, 0]);
  // Another layer replaced the file: only the visible one is deleted now.
  assert.deepEqual(countDeletedBytes(deletes, [layer(['file', 'f', 3]), file]), [3, 0]);
  // A layer between has hidden the directory already, so the deletion frees nothing.
  const inside = layer(['file', 'd/f', 10]);
  assert.deepEqual(countDeletedBytes(layer(['whiteout', 'd/f']), [layer(['whiteout', 'd']), inside]), [0, 0]);
  assert.deepEqual(countDeletedBytes(layer(['whiteout', 'd/f']), [layer(['opaque', 'd']), inside]), [0, 0]);
  assert.deepEqual(countDeletedBytes(layer(['whiteout', 'd']), [layer(['symlink', 'd']), inside]), [0, 0]);
  // A directory over a directory hides nothing.
  assert.deepEqual(countDeletedBytes(layer(['whiteout', 'd']), [layer(['directory', 'd']), inside]), [0, 10]);
});

test('a file that its own layer replaced does not count, nor do links', () => {
  const below = layer(['file', 'f', 10, true], ['file', 'f', 6], ['hardlink', 'g'], ['symlink', 'h']);
  assert.deepEqual(countDeletedBytes(layer(['whiteout', 'f'], ['whiteout', 'g'], ['whiteout', 'h']), [below]), [6]);
});

test('many entries, deep and wide, take a moment', { timeout: patienceMs }, () => {
  const deep = Array.from({ length: 2000 }, (_, at) => `${'d/'.repeat(at % 200)}f${at}`);
  const below = layer(...deep.map((place): Line => ['file', place, 1]));
  assert.deepEqual(
    countDeletedBytes(layer(...deep.map((place): Line => ['whiteout', place])), [below, below]),
    [2000, 0],
  );
});
