import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { randomHex } from '../../../src/sys/random-hex.ts';
import { needs } from '../../helpers/needs.ts';

test('each is another one, of the length asked for', () => {
  const made = new Set(Array.from({ length: 100 }, () => randomHex(10)));
  assert.equal(made.size, 100);
  for (const digits of made) assert.match(digits, /^[0-9a-f]{20}$/);
  assert.match(randomHex(32), /^[0-9a-f]{64}$/);
});

test('digits are random without /dev/urandom, too', {
  skip: needs('root', 'unshare'),
}, () => {
  const file = JSON.stringify(join(import.meta.dirname, '../../../src/sys/random-hex.ts'));
  const program = `const { randomHex } = await import(${file}); console.log(randomHex(10), randomHex(10));`;
  const script = 'mount -t tmpfs none /dev && exec "$@"';
  const { status, stdout, stderr } = spawnSync(
    'unshare',
    ['--mount', 'sh', '-c', script, 'sh', process.execPath, '--input-type=module', '-e', program],
    { encoding: 'utf8' },
  );
  assert.equal(status, 0, stderr);
  const [first, second] = stdout.trim().split(' ');
  assert.match(first ?? '', /^[0-9a-f]{20}$/);
  assert.notEqual(first, second);
});
