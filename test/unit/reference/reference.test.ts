import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type ErrorCode, isStrataError } from '../../../src/errors/index.ts';
import {
  familiarName,
  familiarString,
  parseAnyReference,
  parseCanonicalReference,
  parseImageLookup,
  parseReference,
  toPullReference,
  withDefaultTag,
} from '../../../src/reference/familiar.ts';
import {
  formatReference,
  nameOnly,
  parseRawReference,
  parseRepositoryName,
  withDigest,
  withTag,
} from '../../../src/reference/reference.ts';
import { parseDigest } from '../../../src/spec/digest.ts';
import { fc } from '../../helpers/properties.ts';
import { patienceMs } from '../../helpers/until.ts';

const hex = '0123456789abcdef'.repeat(4);
const digest = `sha256:${hex}`;
const long = 'a'.repeat(255);

describe('as written', () => {
  const table: readonly (readonly [
    text: string,
    domain: string,
    path: string,
    tag?: string | undefined,
    digest?: string,
  ])[] = [
    ['busybox', '', 'busybox'],
    ['busybox:1.36', '', 'busybox', '1.36'],
    ['host/busybox', 'host', 'busybox'],
    ['host:5000/a/b:c', 'host:5000', 'a/b', 'c'],
    ['host:5000', '', 'host', '5000'],
    [`a@${digest}`, '', 'a', undefined, digest],
    [`h.example/a:t@${digest}`, 'h.example', 'a', 't', digest],
    [`a@sha512:${hex}${hex}`, '', 'a', undefined, `sha512:${hex}${hex}`],
    ['under_score/a', '', 'under_score/a'],
    ['a__b/c.d-e---f', '', 'a__b/c.d-e---f'],
    ['[::1]/a', '[::1]', 'a'],
    ['[fe80::1]:80/a/b:c', '[fe80::1]:80', 'a/b', 'c'],
    ['UPPER/a', 'UPPER', 'a'],
    ['a:_x.Y-z', '', 'a', '_x.Y-z'],
    [`a:${'t'.repeat(128)}`, '', 'a', 't'.repeat(128)],
    [`h/${long}`, 'h', long],
  ];
  for (const [text, domain, path, tag, pinned] of table) {
    test(text.slice(0, 60), () => {
      const reference = parseRawReference(text);
      assert.deepEqual(reference, {
        domain,
        path,
        ...(tag === undefined ? {} : { tag }),
        ...(pinned === undefined ? {} : { digest: pinned }),
      });
      assert.equal(formatReference(reference), text);
    });
  }
});

describe('refused', () => {
  const format = /^invalid reference format$/;
  const table: readonly (readonly [string, RegExp, ErrorCode?])[] = [
    ['', /^repository name must have at least one component$/],
    [':tag', format],
    ['a:', format],
    ['a@', format],
    ['a:b:c', format],
    ['a@b@c', format],
    ['a/', format],
    ['/a', format],
    ['a//b', format],
    ['a/../b', format],
    ['../a', format],
    ['.', format],
    ['a/.', format],
    ['a..b', format],
    ['a___b', format],
    ['-a', format],
    ['a-', format],
    ['a_', format],
    ['a b', format],
    ['a\n', format],
    ['a:b\n', format],
    ['a\0', format],
    ['%2e%2e/a', format],
    ['a%2fb', format],
    ['größe', format],
    ['а', format],
    ['https://host/a', format],
    ['[::1]', format],
    ['[::1%eth0]/a', format],
    ['[::ffff:1.2.3.4]/a', format],
    ['::1/a', format],
    ['host:port/a', format],
    [`a:${'t'.repeat(129)}`, format],
    ['a:.b', format],
    ['a:-b', format],
    ['a@sha256:1234', format],
    [`a@${digest}:x`, format],
    [`a@${digest}\n`, format],
    ['Upper', /must be lowercase$/],
    ['host/Upper:tag', /must be lowercase$/],
    [`h/${long}a`, /must not be more than 255 characters$/],
    [`a@sha256:${hex}a`, /invalid checksum digest length$/, 'ERR_DIGEST_INVALID'],
    [`a@sha256:${hex.toUpperCase()}`, /invalid checksum digest format$/, 'ERR_DIGEST_INVALID'],
    [`a@md5:${hex.slice(32)}`, /unsupported digest algorithm$/, 'ERR_DIGEST_UNSUPPORTED'],
  ];
  for (const [text, message, code = 'ERR_REFERENCE_INVALID'] of table) {
    test(JSON.stringify(text.slice(0, 60)), () => {
      assert.throws(
        () => parseRawReference(text),
        (error) => isStrataError(error, code) && message.test(error.message),
      );
    });
  }
});

describe('familiar names', () => {
  const table: readonly (readonly [text: string, full: string, familiar: string])[] = [
    ['busybox', 'docker.io/library/busybox', 'busybox'],
    ['library/busybox', 'docker.io/library/busybox', 'busybox'],
    ['docker.io/busybox', 'docker.io/library/busybox', 'busybox'],
    ['index.docker.io/busybox', 'docker.io/library/busybox', 'busybox'],
    ['docker.io/library/a/b', 'docker.io/library/a/b', 'library/a/b'],
    ['user/app:1', 'docker.io/user/app:1', 'user/app:1'],
    ['a.b', 'docker.io/library/a.b', 'a.b'],
    ['a.b/c', 'a.b/c', 'a.b/c'],
    ['localhost/a', 'localhost/a', 'localhost/a'],
    ['localhost:5000/a', 'localhost:5000/a', 'localhost:5000/a'],
    ['localhost', 'docker.io/library/localhost', 'localhost'],
    ['localhost:5000', 'docker.io/library/localhost:5000', 'localhost:5000'],
    ['Host/a', 'Host/a', 'Host/a'],
    [`busybox:1@${digest}`, `docker.io/library/busybox:1@${digest}`, `busybox:1@${digest}`],
    ['registry-1.docker.io/library/a', 'registry-1.docker.io/library/a', 'registry-1.docker.io/library/a'],
  ];
  for (const [text, full, familiar] of table) {
    test(text.slice(0, 60), () => {
      const reference = parseReference(text);
      assert.equal(formatReference(reference), full);
      assert.equal(familiarString(reference), familiar);
      assert.deepEqual(parseReference(familiar), reference);
      assert.deepEqual(parseCanonicalReference(full), reference);
      if (full !== text) assert.throws(() => parseCanonicalReference(text), /must be canonical/);
    });
  }

  test('docker’s words for what it refuses', () => {
    const message = (text: string): string => {
      try {
        parseReference(text);
      } catch (error) {
        assert.ok(isStrataError(error, 'ERR_REFERENCE_INVALID'));
        assert.equal(error.kind, 'invalid-argument');
        return error.message;
      }
      return '';
    };
    assert.equal(message('Foo'), 'invalid reference format: repository name (library/Foo) must be lowercase');
    assert.equal(message('a/Foo:x'), 'invalid reference format: repository name (a/Foo) must be lowercase');
    assert.equal(message('host.x/Foo'), 'invalid reference format: repository name (Foo) must be lowercase');
    assert.equal(message('a:b:c'), 'invalid reference format');
    assert.equal(message('a_b.c/d'), 'invalid reference format');
    assert.equal(message(''), 'invalid reference format');
    assert.equal(message(hex), `invalid repository name (${hex}), cannot specify 64-byte hexadecimal strings`);
    assert.equal(message('F'.repeat(1e6)).length < 400, true);
  });
});

test('tags and digests are put on and taken off', () => {
  const reference = parseReference('a');
  assert.equal(formatReference(withDefaultTag(reference)), 'docker.io/library/a:latest');
  const pinned = withDigest(withTag(reference, 't'), parseDigest(digest));
  assert.equal(formatReference(pinned), `docker.io/library/a:t@${digest}`);
  assert.equal(formatReference(withDefaultTag(pinned)), formatReference(pinned));
  assert.equal(formatReference(toPullReference(pinned)), `docker.io/library/a@${digest}`);
  assert.equal(formatReference(toPullReference(reference)), 'docker.io/library/a:latest');
  assert.deepEqual(nameOnly(pinned), reference);
  assert.equal(familiarName(pinned), 'a');
  for (const tag of ['', '.a', 'a/b', 'a:b', 'a b', 'a\n'])
    assert.throws(() => withTag(reference, tag), /invalid tag format/);
  assert.deepEqual(parseRepositoryName('h:1/a/b'), { domain: 'h:1', path: 'a/b' });
  assert.throws(() => parseRepositoryName('a:b'), /invalid reference format/);
});

test('meanings of a user’s name', () => {
  const named = (text: string): object => withDefaultTag(parseReference(text));
  assert.deepEqual(parseAnyReference(hex), { digest });
  assert.deepEqual(parseAnyReference(digest), { digest });
  assert.deepEqual(parseAnyReference('a'), { reference: parseReference('a') });
  assert.deepEqual(parseImageLookup(hex), { digest });
  assert.deepEqual(parseImageLookup('abc123'), { reference: named('abc123'), idPrefix: 'abc123' });
  assert.deepEqual(parseImageLookup('sha256:abc1'), { reference: named('sha256:abc1'), idPrefix: 'abc1' });
  assert.deepEqual(parseImageLookup('busybox'), { reference: named('busybox') });
  assert.deepEqual(parseImageLookup('a:b'), { reference: named('a:b') });
  assert.throws(() => parseImageLookup('ABC'), /must be lowercase/);
});

test('any text gives a reference that reads back the same, or a typed error', () => {
  const unit = fc.constantFrom(...'ab0A.:/@-_[]'.split(''), 'sha256:', hex);
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 12 }), (text) => {
      try {
        const reference = parseReference(text);
        assert.deepEqual(parseReference(formatReference(reference)), reference);
        assert.deepEqual(parseRawReference(formatReference(reference)), reference);
        assert.ok(familiarString(reference).length <= formatReference(reference).length);
      } catch (error) {
        assert.ok(isStrataError(error), String(error));
      }
    }),
    { numRuns: 5000 },
  );
});

test('hostile lengths in linear time', () => {
  const start = performance.now();
  for (const piece of ['a', 'a-', 'a.', 'a/', ':1', '@', '[:', '_', 'A', '-', '1:']) {
    for (const text of [piece.repeat(500_000), `${piece.repeat(500_000)}!`, `h.x/${piece.repeat(500_000)}`]) {
      try {
        parseReference(text);
      } catch (error) {
        assert.ok(isStrataError(error));
      }
    }
  }
  assert.ok(performance.now() - start < patienceMs);
});
