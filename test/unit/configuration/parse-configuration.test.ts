import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseConfiguration } from '../../../src/configuration/parse-configuration.ts';
import { isStrataError } from '../../../src/errors/index.ts';

const parse = (text: string): object => parseConfiguration('/c', Buffer.from(text));

test('the values of a file, by the names of the options', () => {
  assert.deepEqual(parse('{"data-root": "/srv", "storage-opts": ["a=b"]}'), { root: '/srv', storageOptions: ['a=b'] });
});

test('a runtime is a path and arguments', () => {
  const runtimes = { crun: { path: 'crun', runtimeArgs: ['--debug'] }, youki: { path: '/y' } };
  assert.deepEqual(parse(JSON.stringify({ runtimes })), { runtimes });
});

test('an empty file, an empty object and null say nothing', () => {
  for (const text of ['', ' \n\t', '{}', '{"data-root": null}']) assert.deepEqual(parse(text), {}, text);
});

describe('invalid configuration files', () => {
  const unknown = "/c: the following directives don't match any configuration option";
  const table: readonly (readonly [text: string, message: string, hint?: RegExp])[] = [
    ['{\n  "data-root": "/srv",\n}', '/c: invalid JSON: unexpected "}" in line 3, column 1'],
    ['{"data-root" "/srv"}', '/c: invalid JSON: unexpected "\\"" in line 1, column 14'],
    ['// mine\n{}', '/c: invalid JSON: unexpected "/" in line 1, column 1'],
    ['{"data-root":"/a",\n"data-root":"/b"}', '/c: invalid JSON: duplicate key "data-root" in line 2, column 12'],
    ['{"é": tru', '/c: invalid JSON: unexpected "t" in line 1, column 7'],
    ['[]', '/c: must be an object, not an array'],
    [`${'['.repeat(70)}`, '/c: nested deeper than 64 levels'],
    [
      '{"data-rot": "/srv"}',
      `${unknown}: data-rot`,
      /^Did you mean data-root\? Valid keys are data-root, storage-driver/,
    ],
    ['{"Data-Root": "/srv"}', `${unknown}: Data-Root`, /^Did you mean data-root\?/],
    ['{"icc": false, "ip": ""}', `${unknown}: icc, ip`, /^Valid keys are /],
    ['{"data-root": 1}', '/c: data-root: must be a string, not a number'],
    ['{"data-root": "srv"}', '/c: data-root: must be an absolute path, not "srv"'],
    ['{"data-root": "~/srv"}', '/c: data-root: must be an absolute path, not "~/srv"'],
    ['{"storage-opts": {"a": "b"}}', '/c: storage-opts: must be an array, not an object'],
    ['{"log-opts": {"max-file": 3}}', '/c: log-opts["max-file"]: must be a string, not a number'],
    ['{"runtimes": {"x": null}}', '/c: runtimes.x: must be an object with a path'],
    ['{"runtimes": {"x": {}}}', '/c: runtimes.x.path: is missing'],
    [
      '{"runtimes": {"x": {"runtimeType": "io.containerd.kata.v2"}}}',
      '/c: runtimes.x.runtimeType: is not supported: a runtime has a path and runtimeArgs',
    ],
    ['{"storage-opts": [1]}', '/c: storage-opts[0]: must be a string, not a number'],
  ];
  for (const [text, message, hint] of table) {
    test(text, () => {
      assert.throws(
        () => parse(text),
        (error) => {
          assert.ok(isStrataError(error, 'ERR_CONFIGURATION_INVALID'), String(error));
          assert.equal(error.message, message);
          assert.match(error.hint ?? '', hint ?? /^Correct the file/);
          return true;
        },
      );
    });
  }
});

test('bytes that are no text', () => {
  assert.throws(() => parseConfiguration('/c', Buffer.from([0x22, 0xff, 0x22])), {
    code: 'ERR_CONFIGURATION_INVALID',
    message: '/c: invalid JSON: not valid UTF-8',
  });
});
