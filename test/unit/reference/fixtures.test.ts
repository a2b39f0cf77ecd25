import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type ErrorCode, isStrataError } from '../../../src/errors/index.ts';
import {
  familiarMatch,
  familiarName,
  familiarString,
  parseAnyReference,
  parseCanonicalReference,
  parseReference,
  toPullReference,
} from '../../../src/reference/familiar.ts';
import { isDomain, isIdentifier } from '../../../src/reference/grammar.ts';
import {
  formatName,
  formatReference,
  parseRawReference,
  parseRepositoryName,
  type Reference,
  withDigest,
  withTag,
} from '../../../src/reference/reference.ts';
import type { Digest } from '../../../src/spec/digest.ts';
import { fixture, needs } from '../../helpers/needs.ts';

interface GoError {
  readonly $go: string;
}
type Row = Readonly<Record<string, string>> & {
  readonly match?: boolean;
  readonly expected?: boolean | string;
  readonly subs?: readonly string[];
  readonly err?: GoError;
};

const errors: Readonly<Record<string, readonly [ErrorCode, RegExp]>> = {
  ErrReferenceInvalidFormat: ['ERR_REFERENCE_INVALID', /^invalid reference format$/],
  ErrNameEmpty: ['ERR_REFERENCE_INVALID', /^repository name must have at least one component$/],
  ErrNameContainsUppercase: ['ERR_REFERENCE_INVALID', /^repository name must be lowercase$/],
  ErrNameTooLong: ['ERR_REFERENCE_INVALID', /^repository name must not be more than 255 characters$/],
  ErrNameNotCanonical: ['ERR_REFERENCE_INVALID', /^repository name must be canonical$/],
  'digest.ErrDigestInvalidLength': ['ERR_DIGEST_INVALID', /: invalid checksum digest length$/],
  'digest.ErrDigestUnsupported': ['ERR_DIGEST_UNSUPPORTED', /: unsupported digest algorithm$/],
};

/** Inputs with a result other than the table's, with the reason. */
const deviations: Readonly<Record<string, string>> = {
  [`validname@sha512:${'f'.repeat(128)}`]: 'sha512 is unsupported only because that test does not link the hash in',
};

function same(read: () => Reference, row: Row, check: (reference: Reference) => void): void {
  if (row.err === undefined) {
    check(read());
    return;
  }
  const [code, message] = errors[row.err.$go]!;
  assert.throws(read, (error) => isStrataError(error, code) && message.test(error.message), row['input']);
}

const matches = (run: () => unknown): boolean => {
  try {
    run();
    return true;
  } catch (error) {
    assert.ok(isStrataError(error), String(error));
    return false;
  }
};

const assertParsed = (reference: Reference, row: Row): void => {
  assert.equal(formatName(reference), row['repository'] ?? row['name']);
  assert.equal(reference.tag, row['tag']);
  assert.equal(reference.digest, row['digest']);
  if (row['repository'] !== undefined) assert.equal(reference.domain, row['domain'] ?? '');
};

const domainAndPath = (reference: Reference, row: Row): void =>
  assert.deepEqual([reference.domain, reference.path], [row['domain'], row['path']]);

const suites: Readonly<Record<string, readonly [count: number, (row: Row) => void]>> = {
  'TestReferenceRegexp.tests': [
    12,
    (row) => {
      assert.equal(
        matches(() => parseRawReference(row['input']!)),
        row.match,
      );
      if (row.match === true) {
        const reference = parseRawReference(row['input']!);
        assert.deepEqual([formatName(reference), reference.tag ?? '', reference.digest ?? ''], row.subs);
      }
    },
  ],
  'TestFullNameRegexp.tests': [
    63,
    (row) => {
      assert.equal(
        matches(() => parseRepositoryName(row['input']!)),
        row.match,
      );
      const name = row.subs && parseRepositoryName(row['input']!);
      if (name !== undefined) assert.deepEqual([name.domain, name.path], row.subs);
    },
  ],
  'TestDomainRegexp.tests': [30, (row) => assert.equal(isDomain(row['input']!), row.match)],
  'TestIdentifierRegexp.tests': [5, (row) => assert.equal(isIdentifier(row['input']!), row.match)],
  'TestReferenceParse.tests': [
    48,
    (row) =>
      same(
        () => parseRawReference(row['input']!),
        row,
        (reference) => assertParsed(reference, row),
      ),
  ],
  'TestSerialization.tests': [
    4,
    (row) =>
      same(
        () => parseRawReference(row['input'] ?? ''),
        row,
        (reference) => assertParsed(reference, row),
      ),
  ],
  'TestWithNameFailure.tests': [
    7,
    (row) =>
      same(
        () => parseRepositoryName(row['input']!),
        row,
        () => assert.fail(),
      ),
  ],
  'TestDomainAndPath.tests': [6, (row) => domainAndPath(parseRepositoryName(row['input']!), row)],
  'TestWithTag.tests': [
    5,
    (row) => {
      const tagged = withTag(parseRepositoryName(row['name']!), row['tag']!);
      const digest = row['digest'] as Digest | undefined;
      assert.equal(formatReference(digest === undefined ? tagged : withDigest(tagged, digest)), row['combined']);
    },
  ],
  'TestWithDigest.tests': [
    4,
    (row) => {
      const name = parseRepositoryName(row['name']!);
      const tagged = row['tag'] === undefined ? name : withTag(name, row['tag']);
      assert.equal(formatReference(withDigest(tagged, row['digest'] as Digest)), row['combined']);
    },
  ],
  'TestParseNamed.tests': [
    8,
    (row) =>
      same(
        () => parseCanonicalReference(row['input']!),
        row,
        (reference) => domainAndPath(reference, row),
      ),
  ],
  'TestNormalizedSplitHostname.tests': [11, (row) => domainAndPath(parseReference(row['input']!), row)],
  'TestParseRepositoryInfo.tests': [
    20,
    (row) => {
      for (const key of ['FamiliarName', 'FullName', 'AmbiguousName']) {
        if (row[key] === '') continue;
        const reference = parseReference(row[key]!);
        assert.equal(familiarName(reference), row['FamiliarName']);
        assert.equal(formatReference(reference), row['FullName']);
        assert.deepEqual([reference.domain, reference.path], [row['Domain'], row['RemoteName']]);
      }
    },
  ],
  'TestParseAnyReference.tests': [
    14,
    (row) => {
      const found = parseAnyReference(row['Reference']!);
      const text = 'digest' in found ? found.digest : formatReference(found.reference);
      assert.equal(text, row['Equivalent']);
    },
  ],
  'TestParseDockerRef.tests': [
    11,
    (row) => assert.equal(formatReference(toPullReference(parseReference(row['input']!))), row.expected),
  ],
  'TestMatch.tests': [
    9,
    (row) => {
      // The table's "foo" has no domain and no library/ to drop; both spellings must match alike.
      const reference = parseReference(row['reference']!);
      assert.equal(familiarString(reference), row['reference']);
      assert.equal(familiarMatch(row['pattern']!, reference), row.expected);
    },
  ],
};

const names: Readonly<Record<string, readonly [count: number, valid: boolean]>> = {
  'TestValidateReferenceName.validRepoNames': [27, true],
  'TestValidateReferenceName.invalidRepoNames': [14, false],
  'TestValidateRemoteName.validRepositoryNames': [8, true],
  'TestValidateRemoteName.invalidRepositoryNames': [13, false],
};

test('distribution/reference', { skip: needs('fixtures') }, async (context) => {
  const tables = JSON.parse(readFileSync(fixture('reference/tables.json'), 'utf8')) as Record<string, Row[] | string[]>;
  let deviating = 0;
  for (const [name, [count, check]] of Object.entries(suites)) {
    await context.test(name, () => {
      const rows = tables[name] as Row[];
      let passed = 0;
      for (const row of rows) {
        if (deviations[row['input'] ?? ''] !== undefined) {
          assert.throws(() => check(row), assert.AssertionError);
          deviating++;
        } else check(row);
        passed++;
      }
      assert.equal(passed, count);
    });
  }
  for (const [name, [count, valid]] of Object.entries(names)) {
    await context.test(name, () => {
      const texts = tables[name] as string[];
      for (const text of texts)
        assert.equal(
          matches(() => parseReference(text)),
          valid,
          text,
        );
      assert.equal(texts.length, count);
    });
  }
  await context.test('every table with cases is read; deviations are those listed', () => {
    const read = new Set([...Object.keys(suites), ...Object.keys(names)]);
    const left = Object.keys(tables).filter((name) => !read.has(name));
    // Go expressions that build inputs, and have no cases.
    assert.deepEqual(left, ['TestParseRepositoryInfo.refStrings', 'TestSerialization.m']);
    assert.equal(deviating, Object.keys(deviations).length);
  });
});
