import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { compatPage } from '../../tools/compat-doc.ts';

const root = join(import.meta.dirname, '../..');

test('docs/compat.md lists every command and flag that docker has and Strata has not', async () => {
  const { before, after } = await compatPage();
  assert.ok(before === after, 'out of date: run node tools/compat-doc.ts');
});

test('docs/compat.md lists what the builder knows of a Dockerfile and does not do', () => {
  const page = readFileSync(join(root, 'docs/compat.md'), 'utf8');
  const found = globSync('src/builder/**/*.ts', { cwd: root }).flatMap((file) => [
    ...readFileSync(join(root, file), 'utf8').matchAll(/throw notSupportedError\(['`]([^'`$]+)/g),
  ]);
  assert.ok(found.length > 5);
  for (const [, what = ''] of found) assert.ok(page.includes(what.trim()), what);
});
