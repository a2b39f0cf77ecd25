import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '../..');

test('docs/bad-inputs.md explains every code that a title names', () => {
  const page = readFileSync(join(root, 'docs/bad-inputs.md'), 'utf8');
  const explained = new Set([...page.matchAll(/^\| ([A-G]\d+) \|/gm)].map(([, code]) => code));
  assert.ok(explained.size === 130, `${explained.size} codes are explained`);
  const unknown = globSync('test/**/*.test.ts', { cwd: root }).flatMap((file) => {
    // `test('… (E1, E2)'`, `title: 'A24 …'`, `id: 'A1'`, `'B3: …'`
    const text = readFileSync(join(root, file), 'utf8');
    const lists = [...text.matchAll(/\(([A-G]\d{1,2}(?:, [A-G]\d{1,2})*)\)'|['`]([A-G]\d{1,2})(?:['`]| |: )/g)];
    const codes = lists.flatMap(([, list, code]) => list?.split(', ') ?? [code]);
    return codes.filter((code) => !explained.has(code)).map((code) => `${file}: ${code}`);
  });
  assert.deepEqual(unknown, []);
});

test('docs/tests.md names codes of docs/bad-inputs.md alone', () => {
  const page = readFileSync(join(root, 'docs/bad-inputs.md'), 'utf8');
  const codes = readFileSync(join(root, 'docs/tests.md'), 'utf8').match(/\b[A-G]\d{1,2}\b/g) ?? [];
  assert.ok(codes.length > 30, `${codes.length} codes`);
  assert.deepEqual(
    codes.filter((code) => !page.includes(`| ${code} |`)),
    [],
  );
});
