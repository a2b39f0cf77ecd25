import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkLogConfig, keepsLog, maxLogBytes } from '../../../src/containers/supervised/log-config.ts';

test('the size limit of a log takes decimal units and is 128 MiB by default', () => {
  assert.equal(maxLogBytes(), 128 << 20);
  for (const [text, bytes] of [
    ['10m', 10_000_000],
    ['1.5k', 1500],
    ['7', 7],
  ] as const)
    assert.equal(maxLogBytes({ Config: { 'max-size': text } }), bytes);
  assert.deepEqual(
    [undefined, 'json-file', 'local', 'none'].map((Type) => keepsLog(Type === undefined ? Type : { Type, Config: {} })),
    [true, true, true, false],
  );
});

const answers: readonly (readonly [type: string, config: Record<string, string>, code: string, message: RegExp])[] = [
  ['none', { 'max-size': '1k' }, 'ERR_LOG_OPTION_INVALID', /^invalid logging opts for driver none$/],
  ['local', { x: '' }, 'ERR_LOG_OPTION_INVALID', /^unknown log opt 'x' for local log driver$/],
  ['json-file', { 'max-size': 'x' }, 'ERR_LOG_OPTION_INVALID', /^invalid size: 'x'$/],
  ['json-file', { 'max-size': '' }, 'ERR_LOG_OPTION_INVALID', /^invalid size: ''$/],
  ['json-file', { 'max-size': '0' }, 'ERR_LOG_OPTION_INVALID', /^max-size must be a positive number$/],
  ['json-file', { 'max-file': '0' }, 'ERR_LOG_OPTION_INVALID', /^max-file cannot be less than 1$/],
  ['json-file', { 'max-file': '3' }, 'ERR_NOT_SUPPORTED_YET', /^log option max-file=3: not supported yet$/],
  ['json-file', { compress: 'true' }, 'ERR_NOT_SUPPORTED_YET', /^log option compress: not supported yet$/],
  ['json-file', { mode: 'non-blocking' }, 'ERR_NOT_SUPPORTED_YET', /^log option mode=non-blocking: not supported yet$/],
  ['json-file', { mode: 'x' }, 'ERR_LOG_OPTION_INVALID', /^logger: logging mode not supported: x$/],
  ['syslog', {}, 'ERR_NOT_SUPPORTED_YET', /^log driver syslog: not supported yet$/],
  ['x', {}, 'ERR_LOG_OPTION_INVALID', /^error looking up logging plugin x: plugin "x" not found$/],
];

for (const [Type, Config, code, message] of answers) {
  test(`a log that cannot be kept so: ${Type} ${JSON.stringify(Config)}`, () => {
    assert.throws(() => checkLogConfig({ Type, Config }), { code, message });
  });
}

test('a log that can be kept', () => {
  for (const Type of ['json-file', 'local'])
    checkLogConfig({ Type, Config: { 'max-size': '10m', 'max-file': '1', mode: 'blocking' } });
  checkLogConfig({ Type: 'none', Config: {} });
});
