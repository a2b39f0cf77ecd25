import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { type ErrorCode, isStrataError } from '../../../src/errors/index.ts';
import {
  type DigestAlgorithm,
  digestAlgorithm,
  digestFromHex,
  digestHex,
  isDigest,
  parseChainId,
  parseDiffId,
  parseDigest,
  splitDigest,
} from '../../../src/spec/digest.ts';
import { fixture, needs } from '../../helpers/needs.ts';

const hex = (length: number): string => 'e58fcf7418d4390d'.repeat(8).slice(0, length);
const all: readonly DigestAlgorithm[] = ['sha256', 'sha384', 'sha512'];

test('digests, diffIDs and chain IDs are parsed', () => {
  for (const text of [`sha256:${hex(64)}`, `sha512:${hex(128)}`]) {
    assert.equal(parseDigest(text), text);
    assert.ok(isDigest(text));
    assert.equal(parseDiffId(text), text);
    assert.equal(parseChainId(text), text);
  }
  const digest = parseDigest(`sha512:${hex(128)}`);
  assert.equal(digestAlgorithm(digest), 'sha512');
  assert.equal(digestHex(digest), hex(128));
  const empty = createHash('sha256').digest('hex');
  assert.equal(digestFromHex('sha256', empty), `sha256:${empty}`);
  assert.throws(() => digestFromHex('sha512', empty), /invalid checksum digest length/);
});

describe('refused', () => {
  const refused: readonly (readonly [string, ErrorCode])[] = [
    ['', 'ERR_DIGEST_INVALID'],
    ['sha256', 'ERR_DIGEST_INVALID'],
    ['sha256:', 'ERR_DIGEST_INVALID'],
    [`:${hex(64)}`, 'ERR_DIGEST_INVALID'],
    [hex(64), 'ERR_DIGEST_INVALID'],
    [`sha256:${hex(63)}`, 'ERR_DIGEST_INVALID'],
    [`sha256:${hex(65)}`, 'ERR_DIGEST_INVALID'],
    [`sha512:${hex(64)}`, 'ERR_DIGEST_INVALID'],
    [`sha256:${hex(64).toUpperCase()}`, 'ERR_DIGEST_INVALID'],
    [`SHA256:${hex(64)}`, 'ERR_DIGEST_INVALID'],
    [`sha256:${hex(63)}g`, 'ERR_DIGEST_INVALID'],
    [`sha256:${hex(63)}\n`, 'ERR_DIGEST_INVALID'],
    [`sha256:${hex(64)}\n`, 'ERR_DIGEST_INVALID'],
    [` sha256:${hex(64)}`, 'ERR_DIGEST_INVALID'],
    [`sha256:${hex(64)}:x`, 'ERR_DIGEST_INVALID'],
    ['sha256:../../x', 'ERR_DIGEST_INVALID'],
    [`sha256:../../${hex(58)}`, 'ERR_DIGEST_INVALID'],
    [`../sha256:${hex(64)}`, 'ERR_DIGEST_INVALID'],
    [`sha256:${'..%2f'.repeat(12)}abcd`, 'ERR_DIGEST_INVALID'],
    [`sha256..x:${hex(64)}`, 'ERR_DIGEST_INVALID'],
    [`sha256+:${hex(64)}`, 'ERR_DIGEST_INVALID'],
    [`sha256:${'a'.repeat(10_000_000)}`, 'ERR_DIGEST_INVALID'],
    [`sha384:${hex(96)}`, 'ERR_DIGEST_UNSUPPORTED'],
    [`sha1:${hex(40)}`, 'ERR_DIGEST_UNSUPPORTED'],
    [`md5:${hex(32)}`, 'ERR_DIGEST_UNSUPPORTED'],
    [`unknown:${hex(64)}`, 'ERR_DIGEST_UNSUPPORTED'],
    [`constructor:${hex(64)}`, 'ERR_DIGEST_UNSUPPORTED'],
    [`blake3+b64:AbC_=-`, 'ERR_DIGEST_UNSUPPORTED'],
  ];
  for (const [text, code] of refused) {
    test(JSON.stringify(text.slice(0, 100)), () => {
      assert.throws(
        () => parseDigest(text),
        (error) => isStrataError(error, code) && error.message.length < 300,
      );
      assert.equal(isDigest(text), false);
    });
  }
});

test('go-digest TestParseDigest', { skip: needs('fixtures') }, () => {
  interface Case {
    readonly Input: string;
    readonly Algorithm?: string;
    readonly Encoded?: string;
    readonly Err?: { readonly $go: string };
  }
  const tables = JSON.parse(readFileSync(fixture('digest/tables.json'), 'utf8')) as { 'TestParseDigest.tests': Case[] };
  const messages: Readonly<Record<string, readonly [ErrorCode, RegExp]>> = {
    'digest.ErrDigestInvalidFormat': ['ERR_DIGEST_INVALID', /: invalid checksum digest format$/],
    'digest.ErrDigestInvalidLength': ['ERR_DIGEST_INVALID', /: invalid checksum digest length$/],
    'digest.ErrDigestUnsupported': ['ERR_DIGEST_UNSUPPORTED', /: unsupported digest algorithm$/],
  };
  let passed = 0;
  for (const row of tables['TestParseDigest.tests']) {
    if (row.Err === undefined) {
      assert.equal(parseDigest(row.Input, all), row.Input);
    } else {
      const [code, message] = messages[row.Err.$go]!;
      assert.throws(
        () => parseDigest(row.Input, all),
        (error) => isStrataError(error, code) && message.test(error.message),
        row.Input,
      );
    }
    if (row.Algorithm !== undefined) {
      assert.deepEqual(splitDigest(row.Input), { algorithm: row.Algorithm, encoded: row.Encoded });
    }
    passed++;
  }
  assert.equal(passed, 17);
});
