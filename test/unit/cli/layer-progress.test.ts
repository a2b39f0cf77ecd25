import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ShownLayer, TerminalLayerProgress } from '../../../src/cli/render/layer-progress.ts';

const layer = (id: string, state: string, offset: number, total = 1_000_000): ShownLayer => ({
  diffId: `sha256:${id.repeat(64)}`,
  state,
  offset,
  total,
});

/** Returns the lines that a terminal shows after these writes. */
function screenOf(writes: readonly string[]): string[] {
  const screen: string[] = [];
  let row = 0;
  for (const line of writes.join('').split('\n')) {
    const up = /^\x1b\[(\d+)A/.exec(line);
    if (up) row -= Number(up[1]);
    screen[row] = line.replace(/^\x1b\[\d+A/, '').replace('\x1b[2K', '');
    row++;
  }
  return screen.filter((line) => line !== '');
}

test('on a terminal: a bar for each layer, redrawn in place, cut to its width', () => {
  const writes: string[] = [];
  const progress = new TerminalLayerProgress(
    (piece) => writes.push(piece),
    () => [60, 4],
  );
  progress.archive(5_000, undefined);
  progress.layer(layer('a', 'unpacking', 500_000));
  progress.layer(layer('b', 'unpacking', 0));
  progress.layer(layer('a', 'done', 1_000_000));
  progress.end();
  const screen = screenOf(writes);
  assert.deepEqual(screen.slice(0, 2), ['archive:      Reading 5kB', 'aaaaaaaaaaaa: Done 1MB']);
  assert.match(screen[2] ?? '', /^bbbbbbbbbbbb: \[> {39}\] {2}0/);
  assert.ok(screen.every((line) => line.length <= 60));
});

test('on a terminal with few rows only the last layers are drawn', () => {
  const writes: string[] = [];
  const progress = new TerminalLayerProgress(
    (piece) => writes.push(piece),
    () => [80, 3],
  );
  for (const id of ['a', 'b', 'c', 'd']) progress.layer(layer(id, 'done', 1));
  progress.end();
  assert.deepEqual(
    screenOf(writes)
      .map((line) => line[0])
      .slice(-2),
    ['c', 'd'],
  );
});
