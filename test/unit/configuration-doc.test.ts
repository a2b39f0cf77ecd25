import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configurationPage } from '../../tools/configuration-doc.ts';

test('docs/configuration.md lists every setting', () => {
  const { before, after } = configurationPage();
  assert.ok(before === after, 'out of date: run node tools/configuration-doc.ts');
});
