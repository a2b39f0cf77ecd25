import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isStrataError } from '../../../src/errors/index.ts';
import { type Json, JsonReal, parseJson } from '../../../src/spec/parse-json.ts';
import { fc } from '../../helpers/properties.ts';
import { patienceMs } from '../../helpers/until.ts';

const options = { what: 'document', maxBytes: 1 << 24 };
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const parse = (text: string): Json => parseJson(encode(text), options);
const code = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    assert.ok(isStrataError(error), String(error));
    return error.code;
  }
  return 'accepted';
};

describe('accepted', () => {
  const accepted: readonly (readonly [string, unknown])[] = [
    ['null', null],
    [' true\n', true],
    ['\t[ ]\r\n', []],
    ['{}', {}],
    ['-0', 0],
    ['9007199254740991', 9007199254740991],
    ['1.5', 1.5],
    ['1E+2', 100],
    ['"\\u0041\\ud83d\\ude00\\/\\b\\f\\n\\r\\t\\"\\\\"', 'A😀/\b\f\n\r\t"\\'],
    ['"\u007f\u2028 é 😀"', '\u007f\u2028 é 😀'],
    ['{"a":[1,{"b":null}],"":"x"}', { a: [1, { b: null }], '': 'x' }],
    ['[[[[[[]]]]]]', [[[[[[]]]]]]],
  ];
  for (const [text, value] of accepted) {
    test(JSON.stringify(text), () => assert.deepEqual(JSON.parse(JSON.stringify(parse(text))), value));
  }

  test('a number that no integer holds exactly keeps its text', () => {
    for (const text of ['1.0', '1e3', '9007199254740992', '9223372036854775808', '-1.5', '1e999']) {
      const value = parse(text);
      assert.ok(value instanceof JsonReal, text);
      assert.equal(value.text, text);
    }
  });

  test('keys that name parts of Object.prototype', () => {
    const value = parse('{"__proto__":{"polluted":1},"constructor":2,"toString":3}') as { [key: string]: Json };
    assert.deepEqual(Object.keys(value), ['__proto__', 'constructor', 'toString']);
    assert.equal(Object.getPrototypeOf(value), null);
    assert.equal(({} as { polluted?: number }).polluted, undefined);
  });
});

describe('refused', () => {
  const refused: readonly string[] = [
    '',
    ' ',
    'nul',
    'True',
    '{',
    '}',
    '[',
    '[1,]',
    '[,1]',
    '[1 2]',
    '{"a"}',
    '{"a":}',
    '{"a":1,}',
    '{a:1}',
    "{'a':1}",
    '{"a":1}}',
    '1 2',
    '01',
    '-',
    '+1',
    '.5',
    '1.',
    '1e',
    '0x10',
    'NaN',
    'Infinity',
    '"a',
    '"\n"',
    '"\t"',
    '"\u0000"',
    '"\\x41"',
    '"\\u12"',
    '"\\u12G4"',
    '"\\',
    '"\\ud800"',
    '"\\udc00\\ud800"',
    '\ufeff{}',
    '/* c */ 1',
    '// c\n1',
    '{"a":1,"a":2}',
    '{"a":1,"\\u0061":2}',
    '{"x":{"b":1,"c":2,"b":3}}',
    '{"__proto__":1,"__proto__":2}',
    '1.0.0',
    '\u00a01',
  ];
  for (const text of refused) {
    test(JSON.stringify(text), () =>
      assert.equal(
        code(() => parse(text)),
        'ERR_JSON_INVALID',
      ),
    );
  }

  test('bytes that are no UTF-8', () => {
    for (const bytes of [
      [0x22, 0xff, 0x22],
      [0x22, 0xc0, 0x80, 0x22],
      [0x22, 0xed, 0xa0, 0x80, 0x22],
      [0xff, 0xfe],
    ]) {
      assert.equal(
        code(() => parseJson(Uint8Array.from(bytes), options)),
        'ERR_JSON_INVALID',
      );
    }
  });

  test('the message names document, problem and place', () => {
    assert.throws(
      () => parse('{"a":1,"a":2}'),
      /^StrataError: document: invalid JSON: duplicate key "a" at offset 10$/,
    );
    assert.throws(() => parse('[1'), /invalid JSON: unexpected end at offset 2/);
    assert.throws(() => parse('[1;'), /invalid JSON: unexpected ";" at offset 2/);
  });
});

describe('bounds', () => {
  test('depth', () => {
    const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
    assert.equal(
      code(() => parse(nested(64))),
      'accepted',
    );
    assert.equal(
      code(() => parse(nested(65))),
      'ERR_JSON_TOO_LARGE',
    );
    assert.equal(
      code(() => parse(nested(100_000))),
      'ERR_JSON_TOO_LARGE',
    );
    assert.equal(
      code(() => parse('{"a":'.repeat(100_000))),
      'ERR_JSON_TOO_LARGE',
    );
  });

  test('bytes', () => {
    assert.equal(
      code(() => parseJson(encode('[1,2]'), { ...options, maxBytes: 4 })),
      'ERR_JSON_TOO_LARGE',
    );
    assert.equal(
      code(() => parseJson(encode('[1,2]'), { ...options, maxBytes: 5 })),
      'accepted',
    );
  });

  test('values', () => {
    assert.equal(
      code(() => parse(`[${'{},'.repeat(300_000)}0]`)),
      'ERR_JSON_TOO_LARGE',
    );
    assert.equal(
      code(() => parseJson(encode('[1,2,3]'), { ...options, maxValues: 4 })),
      'accepted',
    );
    assert.equal(
      code(() => parseJson(encode('[1,2,3]'), { ...options, maxValues: 3 })),
      'ERR_JSON_TOO_LARGE',
    );
  });

  test('long texts and many escapes in linear time', () => {
    const long = 8 << 20;
    const values: readonly string[] = [
      `"${'a'.repeat(long)}"`,
      `"${'\\n'.repeat(long / 2)}"`,
      ' '.repeat(long),
      `"${'a'.repeat(long)}`,
      '1'.repeat(long),
      `{${Array.from({ length: 100_000 }, (_, at) => `"${at}":${at}`).join(',')}}`,
    ];
    const start = performance.now();
    for (const text of values) code(() => parse(text));
    // The limit is more than ten times the usual time; quadratic behaviour takes hours.
    assert.ok(performance.now() - start < patienceMs);
  });
});

test('reads every document as JSON.parse does', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 5, stringUnit: 'binary' }), (text) => {
      fc.pre(text.isWellFormed() && !/\\u[dD][89a-fA-F]/.test(text));
      assert.deepEqual(JSON.parse(JSON.stringify(parse(text))), JSON.parse(JSON.stringify(JSON.parse(text))));
    }),
    { numRuns: 1000 },
  );
});

test('never accepts what JSON.parse refuses, never throws anything untyped', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(...'{}[]",:\\u0123456789eE+-.tfn \n'.split('')), maxLength: 20 }),
      (text) => {
        const ours = code(() => parse(text));
        const theirs = code(() => {
          try {
            JSON.parse(text);
          } catch {
            parse('');
          }
        });
        if (theirs !== 'accepted') assert.equal(ours, 'ERR_JSON_INVALID', text);
      },
    ),
    { numRuns: 5000 },
  );
});
