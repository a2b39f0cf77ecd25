import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readComments } from '../../tools/comments.ts';

const root = join(import.meta.dirname, '../..');

// Openings that put the subject off: "What is left of …" for "Bytes left of …". See docs/style.md.
const indirect = /^(?:What|Where|Who|Whose|Whoever|Whatever|Whether|How|Of|As)\b/;

// Comments of execa and kysely open so in 1 to 2 of 100 cases.
const ceilingPercent = 1;

test('comments open with a subject or a verb', () => {
  const comments = readComments(root, globSync('src/**/*.ts', { cwd: root }).sort());
  const found = comments.filter(({ text }) => indirect.test(text));
  assert.ok(
    found.length * 100 <= comments.length * ceilingPercent,
    [
      `${found.length} of ${comments.length} comments do not:`,
      ...found.map(({ file, line, text }) => `${file}:${line}: ${text}`),
    ].join('\n'),
  );
});

// A function returns, an event is reported, and things and processes have nouns.
const riddle =
  /\b(?:nobody's|somebody's|whoever|is told|are told|told of|answers (?:the|a|an|with|what|whether|undefined))\b/i;

test('comments name their subjects', () => {
  const comments = readComments(root, globSync('src/**/*.ts', { cwd: root }).sort());
  const found = comments.filter(({ text }) => riddle.test(text));
  assert.deepEqual(
    found.map(({ file, line, text }) => `${file}:${line}: ${text}`),
    [],
  );
});
