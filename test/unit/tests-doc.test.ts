import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '../..');

test('docs/tests.md explains every code that a title names', () => {
  const page = readFileSync(join(root, 'docs/tests.md'), 'utf8');
  const explained = new Set([...page.matchAll(/^\| ([A-E]\d+) \|/gm)].map(([, code]) => code));
  assert.ok(explained.size > 50, `${explained.size} codes are explained`);
  const unknown = globSync('test/**/*.test.ts', { cwd: root }).flatMap((file) => {
    // `test('… (E1, E2)'`, `title: 'A24 …'`, `id: 'A1'`, `'B3: …'`
    const text = readFileSync(join(root, file), 'utf8');
    const lists = [...text.matchAll(/\(([A-E]\d{1,2}(?:, [A-E]\d{1,2})*)\)'|['`]([A-E]\d{1,2})(?:['`]| |: )/g)];
    const codes = lists.flatMap(([, list, code]) => list?.split(', ') ?? [code]);
    return codes.filter((code) => !explained.has(code)).map((code) => `${file}: ${code}`);
  });
  assert.deepEqual(unknown, []);
});
