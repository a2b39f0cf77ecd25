import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { alignColumns, displayWidth } from '../../../src/query/align.ts';
import { fc } from '../../helpers/properties.ts';
import { patienceMs } from '../../helpers/until.ts';

describe('columns', () => {
  // Checked against Go's text/tabwriter with docker's settings.
  const table: readonly (readonly [string, string])[] = [
    ['', ''],
    ['a', 'a'],
    ['a\tb\n', 'a         b\n'],
    ['a\tb\nlonger than ten\tc\n', 'a                 b\nlonger than ten   c\n'],
    ['1234567\tb\n12345678\tc\n', '1234567    b\n12345678   c\n'],
    ['a\tb\n\nlonger than ten\tc\n', 'a         b\n\nlonger than ten   c\n'],
    ['a\tb\tc\nlonger than ten\td\n', 'a                 b         c\nlonger than ten   d\n'],
    ['\t\tx\n', '                    x\n'],
    ['a\t\n', 'a         \n'],
    ['a\t', 'a'],
    ['x\ty is long enough\tz\nno tabs\np\tq\tr\n', 'x         y is long enough   z\nno tabs\np         q         r\n'],
    ['é\tb\nlonger than té\tc\n', 'é                b\nlonger than té   c\n'],
  ];
  for (const [text, aligned] of table) test(JSON.stringify(text), () => assert.equal(alignColumns(text), aligned));
});

test('wide characters take two columns, marks none', () => {
  assert.equal(displayWidth('日本'), 4);
  assert.equal(displayWidth('e\u0301'), 1);
  assert.equal(displayWidth('ab'), 2);
  assert.equal(alignColumns('日本\tx\nab\ty\n'), '日本      x\nab        y\n');
});

test('cells keep their text, and start at the same place as those above', () => {
  const cell = fc.string({ unit: fc.constantFrom('a', 'b', ' '), maxLength: 15 });
  fc.assert(
    fc.property(fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 8 }), (rows) => {
      const lines = alignColumns(rows.map((row) => `${row.join('\t')}\n`).join('')).split('\n');
      const widths = [0, 1].map((at) => Math.max(10, ...rows.map((row) => row[at]!.length + 3)));
      rows.forEach(([a, b, c], at) => assert.equal(lines[at], a.padEnd(widths[0]!) + b.padEnd(widths[1]!) + c));
    }),
  );
});

test('a line of very many cells takes no quadratic time', () => {
  const start = performance.now();
  alignColumns(`${'\t'.repeat(200_000)}\n${'a\n'.repeat(50_000)}`);
  assert.ok(performance.now() - start < patienceMs);
});
