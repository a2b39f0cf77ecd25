import assert from 'node:assert/strict';
import { test } from 'node:test';
import { redact } from '../../../src/errors/redact.ts';
import { patienceMs } from '../../helpers/until.ts';

test('credentials go, everything else stays', () => {
  const table: readonly (readonly [string, string])[] = [
    ['get https://user:pw@host/x', 'get https://***@host/x'],
    [`${'a'.repeat(60)}https://user:pw@host`, `${'a'.repeat(60)}https://***@host`],
    ['Authorization: Bearer abcdefghij', 'Authorization: Bearer ***'],
    ['Bearer abcdefghij', 'Bearer ***'],
    ['?token=abc&x=1', '?token=***&x=1'],
    ['https://host/a@b', 'https://host/a@b'],
    ['sha256:abc', 'sha256:abc'],
  ];
  for (const [text, expected] of table) assert.equal(redact(text), expected);
});

test('long hostile messages in linear time', () => {
  const start = performance.now();
  for (const piece of [
    'a.',
    'a',
    'a:',
    'a://',
    'a://b',
    'Bearer ',
    'Authorization: ',
    'Authorization ',
    ' ',
    '?token=',
    '@',
  ]) {
    redact(piece.repeat(500_000));
  }
  assert.ok(performance.now() - start < patienceMs);
});
