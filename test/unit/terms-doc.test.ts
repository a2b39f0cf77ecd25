import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

test('docs/terms.md is in the order of the alphabet', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/terms.md'), 'utf8');
  const terms = [...page.matchAll(/^\| \*\*(.+?)\*\*/gm)].map(([, term = '']) => term.toLowerCase());
  assert.ok(terms.length > 40);
  assert.deepEqual(terms, [...new Set(terms)].toSorted());
});
