import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { isStrataError } from '../../../src/errors/index.ts';
import { type ImageConfig, parseImageConfig } from '../../../src/spec/config.ts';
import { parseDiffId } from '../../../src/spec/digest.ts';
import { formatImageConfig } from '../../../src/spec/format-image-config.ts';
import { fixture, needs } from '../../helpers/needs.ts';

const diffId = `sha256:${'ab'.repeat(32)}`;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const document = (fields: object = {}): object => ({
  architecture: 'amd64',
  os: 'linux',
  rootfs: { type: 'layers', diff_ids: [diffId] },
  ...fields,
});
const parse = (value: object, rules?: 'schema'): ImageConfig =>
  parseImageConfig(bytes(JSON.stringify(value)), { rules }).value;
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('image config', () => {
  test('the smallest document', () => {
    const raw = bytes(JSON.stringify(document()));
    const { bytes: kept, value } = parseImageConfig(raw);
    assert.equal(kept, raw);
    assert.deepEqual(plain(value), { ...document(), config: {}, history: [] });
  });

  test('every field of OCI and docker comes back', () => {
    const full = document({
      variant: 'v8',
      'os.version': '10.0.14393.1066',
      'os.features': ['win32k'],
      created: '2015-10-31T22:22:56.015925234Z',
      author: 'Alyssa',
      comment: 'by hand',
      docker_version: '20.10.24',
      config: {
        User: '1:1',
        ExposedPorts: { '8080/tcp': {}, '53/udp': {} },
        Env: ['PATH=/bin', 'EMPTY='],
        Entrypoint: ['/bin/sh'],
        Cmd: ['-c', 'true'],
        Healthcheck: {
          Test: ['CMD', 'true'],
          Interval: 3e10,
          Timeout: 1e9,
          StartPeriod: 0,
          StartInterval: 5,
          Retries: 3,
        },
        ArgsEscaped: true,
        Volumes: { '/data': {}, '': {} },
        WorkingDir: '/w',
        OnBuild: ['RUN true'],
        Labels: { a: 'b', constructor: 'c' },
        StopSignal: 'SIGKILL',
        StopTimeout: 10,
        Shell: ['/bin/bash', '-c'],
      },
      history: [
        { created: '0001-01-01T00:00:00Z', created_by: 'ADD file', comment: 'c', author: 'a' },
        { created_by: 'CMD', empty_layer: true },
      ],
    });
    assert.deepEqual(plain(parse(full)), full);
    assert.deepEqual(plain(parse(full, 'schema')), full);
  });

  test('a label named __proto__ or constructor is only a label', () => {
    const text = `{"architecture":"a","os":"o","rootfs":{"type":"layers","diff_ids":[]},"config":{"Labels":{"__proto__":"x"}}}`;
    const labels = parseImageConfig(bytes(text)).value.config.Labels ?? {};
    assert.deepEqual(Object.keys(labels), ['__proto__']);
    assert.equal(labels['__proto__'], 'x');
    assert.equal(labels['constructor'], undefined);
    assert.equal(({} as { x?: string }).x, undefined);
    assert.match(
      new TextDecoder().decode(formatImageConfig({ ...parse(document()), config: { Labels: labels } })),
      /"__proto__":"x"/,
    );
  });

  test('null is absent, as docker writes it', () => {
    const value = parse(
      document({ config: { Cmd: null, Volumes: null, Labels: null, OnBuild: null }, history: null, container: 'x' }),
    );
    assert.deepEqual(plain(value), { ...document(), config: {}, history: [] });
  });

  test('an image without layers, as docker writes it', () => {
    const value = { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers' } };
    assert.deepEqual(parse(value).rootfs.diff_ids, []);
    assert.throws(() => parse(value, 'schema'), /rootfs\.diff_ids: is missing/);
  });

  const refused: readonly (readonly [string, object, RegExp])[] = [
    ['no architecture', { os: 'linux', rootfs: { type: 'layers', diff_ids: [] } }, /config: architecture: is missing/],
    ['no os', { architecture: 'amd64', rootfs: { type: 'layers', diff_ids: [] } }, /config: os: is missing/],
    ['no rootfs', { architecture: 'amd64', os: 'linux' }, /config: rootfs: is missing/],
    ['another rootfs', document({ rootfs: { type: 'base', diff_ids: [] } }), /rootfs\.type: must be "layers"/],
    [
      'a diffID as path',
      document({ rootfs: { type: 'layers', diff_ids: ['sha256:../../x'] } }),
      /invalid checksum digest/,
    ],
    [
      'an upper-case diffID',
      document({ rootfs: { type: 'layers', diff_ids: [diffId.toUpperCase()] } }),
      /invalid checksum/,
    ],
    [
      'too many diffIDs',
      document({ rootfs: { type: 'layers', diff_ids: Array(1001).fill(diffId) } }),
      /more than 1000/,
    ],
    ['too much history', document({ history: Array(10_001).fill({}) }), /history: 10001 entries/],
    ['a number for os', document({ os: 1 }), /os: must be a string, not a number/],
    [
      'an array of volumes',
      document({ config: { Volumes: ['/a'] } }),
      /config\.Volumes: must be an object, not an array/,
    ],
    ['a volume with text', document({ config: { Volumes: { '/a': 'x' } } }), /Volumes\["\/a"\]: must be an object/],
    ['a label with a number', document({ config: { Labels: { a: 1 } } }), /Labels\["a"\]: must be a string/],
    ['an Env with a number', document({ config: { Env: ['A=1', 2] } }), /Env\[1\]: must be a string/],
    ['an Env with NUL', document({ config: { Env: ['A=1\0B=2'] } }), /Env\[0\]: has a NUL byte/],
    ['a fraction for seconds', document({ config: { StopTimeout: 1.5 } }), /StopTimeout: must be a whole number/],
    ['a time that is none', document({ created: '2015-02-30T00:00:00Z' }), /created: is no RFC 3339 time/],
    ['a time in history that is none', document({ history: [{ created: 'now' }] }), /history\[0\]\.created/],
    ['text for history', document({ history: 'x' }), /history: must be an array/],
    ['a field in other case', document({ config: { cmd: ['x'] } }), /config\.cmd: differs from a known field/],
    ['a field with a long s', document({ 'o\u017f': 'windows' }), /differs from a known field/],
    ['an array', [], /image config: must be an object, not an array/],
  ];
  for (const [name, value, message] of refused) {
    test(`refused: ${name}`, () => {
      assert.throws(
        () => parse(value),
        (error) => isStrataError(error) && message.test(error.message),
      );
    });
  }

  test('written in docker’s order, maps sorted, read back the same', () => {
    const config: ImageConfig = {
      os: 'linux',
      history: [{ empty_layer: true, created_by: 'CMD ["x"]', created: '2020-01-01T00:00:00Z' }],
      rootfs: { diff_ids: [parseDiffId(diffId)], type: 'layers' },
      config: { Labels: { b: '2', a: '<1>' }, Cmd: ['x'], Env: ['A=1'], Volumes: { '/z': {}, '/a': {} } },
      created: '2020-01-01T00:00:00Z',
      architecture: 'amd64',
    };
    const written = formatImageConfig(config);
    assert.equal(
      new TextDecoder().decode(written),
      '{"architecture":"amd64","config":{"Env":["A=1"],"Cmd":["x"],"Volumes":{"/a":{},"/z":{}},"Labels":{"a":"<1>","b":"2"}},' +
        '"created":"2020-01-01T00:00:00Z","history":[{"created":"2020-01-01T00:00:00Z","created_by":"CMD [\\"x\\"]","empty_layer":true}],' +
        `"os":"linux","rootfs":{"type":"layers","diff_ids":["${diffId}"]}}`,
    );
    assert.deepEqual(formatImageConfig(parseImageConfig(written).value), written);
  });
});

test('OCI image-spec config documents', { skip: needs('fixtures') }, () => {
  const table = JSON.parse(readFileSync(fixture('image-spec/config.json'), 'utf8')) as {
    'TestConfig.range': { config: string; fail?: boolean }[];
  };
  let passed = 0;
  for (const { config, fail } of table['TestConfig.range']) {
    const read = (): unknown => parseImageConfig(bytes(config), { rules: 'schema' });
    if (fail === true) assert.throws(read, (error) => isStrataError(error), config);
    else read();
    passed++;
  }
  assert.equal(passed, 10);
});
