import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { commandSpeech, errorsPage, findErrors, unusedCodes } from '../../tools/errors-doc.ts';

test('docs/errors.md lists every error code of the sources', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/errors.md'), 'utf8');
  assert.ok(page === errorsPage(findErrors()), 'out of date: run node tools/errors-doc.ts');
});

test('every error code of the table is thrown somewhere', () => {
  assert.deepEqual(unusedCodes(), []);
});

test('no hint below the faces speaks of flags or verbs of the command', () => {
  assert.deepEqual(commandSpeech(), []);
});
