import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { type ErrorCode, isStrataError } from '../../../src/errors/index.ts';
import { parseImageConfig } from '../../../src/spec/config.ts';
import { descriptorKeys, inlineData, readDescriptor, sameTarget } from '../../../src/spec/descriptor.ts';
import { parseDigest } from '../../../src/spec/digest.ts';
import { JsonFields } from '../../../src/spec/fields.ts';
import {
  formatDocument,
  type Manifest,
  pairLayers,
  parseDocument,
  parseIndex,
  parseManifest,
} from '../../../src/spec/manifest.ts';
import { mediaTypes } from '../../../src/spec/media-types.ts';
import { parseJson } from '../../../src/spec/parse-json.ts';
import type { Rules } from '../../../src/spec/parsed.ts';
import { fixture, needs } from '../../helpers/needs.ts';
import { fc } from '../../helpers/properties.ts';

const encode = (value: unknown): Uint8Array =>
  new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;
const layer = { mediaType: mediaTypes.ociLayerGzip, digest: digest('a'), size: 148 };
const config = { mediaType: mediaTypes.ociConfig, digest: digest('c'), size: 1470 };
const manifest = (fields: object = {}): object => ({
  schemaVersion: 2,
  mediaType: mediaTypes.ociManifest,
  config,
  layers: [layer],
  ...fields,
});
const index = (fields: object = {}): object => ({
  schemaVersion: 2,
  mediaType: mediaTypes.ociIndex,
  manifests: [{ mediaType: mediaTypes.ociManifest, digest: digest('d'), size: 3 }],
  ...fields,
});
const withLayer = (fields: object): object => manifest({ layers: [{ ...layer, ...fields }] });

describe('manifest and index', () => {
  test('bytes are kept beside the value', () => {
    const raw = encode(` ${JSON.stringify(manifest())}\n`);
    const parsed = parseManifest(raw);
    assert.equal(parsed.bytes, raw);
    assert.deepEqual(JSON.parse(JSON.stringify(parsed.value)), manifest());
  });

  test('all fields come back and are written again in order', () => {
    const full = {
      schemaVersion: 2,
      mediaType: mediaTypes.ociIndex,
      artifactType: 'application/x',
      manifests: [
        {
          mediaType: mediaTypes.ociManifest,
          digest: digest('d'),
          size: 5,
          urls: ['https://example.com/x'],
          annotations: { constructor: 'y' },
          data: 'aGVsbG8=',
          platform: { architecture: 'arm64', os: 'linux', variant: 'v8', 'os.version': '1', 'os.features': ['x'] },
          artifactType: 'a/b',
        },
      ],
      subject: layer,
      annotations: { a: 'b' },
    };
    const parsed = parseIndex(encode(full));
    assert.equal(new TextDecoder().decode(formatDocument(parsed.value)), JSON.stringify(full));
    assert.deepEqual(inlineData(parsed.value.manifests[0]!), encode('hello'));
    const image = parseManifest(encode(manifest({ artifactType: 'x/y' }))).value;
    assert.deepEqual(parseManifest(formatDocument(image)).value, image);
  });

  test('the type comes from the document, from what it came under, or from its shape', () => {
    const type = (value: object, mediaType?: string): string =>
      parseDocument(encode(value), { mediaType }).value.mediaType;
    const { mediaType: _, ...bare } = manifest() as { mediaType: string };
    const { mediaType: __, ...bareIndex } = index() as { mediaType: string };
    assert.equal(type(manifest()), mediaTypes.ociManifest);
    assert.equal(type(manifest(), mediaTypes.ociManifest), mediaTypes.ociManifest);
    assert.equal(type(bare), mediaTypes.ociManifest);
    assert.equal(type(bare, mediaTypes.dockerManifest), mediaTypes.dockerManifest);
    assert.equal(type(bareIndex), mediaTypes.ociIndex);
    assert.equal(type(bareIndex, mediaTypes.dockerIndex), mediaTypes.dockerIndex);
    assert.equal(type(index({ manifests: [] })), mediaTypes.ociIndex);
  });

  test('an image without layers, as umoci and Go write it', () => {
    for (const layers of [[], null]) {
      assert.deepEqual(parseManifest(encode(manifest({ layers }))).value.layers, []);
      assert.throws(
        () => parseManifest(encode(manifest({ layers })), { rules: 'schema' }),
        /layers: is missing or empty/,
      );
    }
  });

  test('unknown fields are tolerated', () => {
    parseManifest(encode(manifest({ future: { deep: [1.5] }, signatures: [] })));
    parseManifest(encode(withLayer({ future: null })));
  });

  const invalid = 'ERR_DOCUMENT_INVALID';
  const refused: readonly (readonly [string, unknown, ErrorCode, RegExp, string?])[] = [
    [
      'CVE-2021-41190: manifests with layers',
      manifest({ manifests: [] }),
      invalid,
      /fields of a manifest and of an index/,
    ],
    [
      'CVE-2021-41190: layers with manifests',
      index({ layers: [layer] }),
      invalid,
      /fields of a manifest and of an index/,
    ],
    ['CVE-2021-41190: config with manifests', index({ config }), invalid, /fields of a manifest and of an index/],
    [
      'CVE-2021-41190: called another type',
      manifest(),
      invalid,
      /is application.*, but the document came as/,
      mediaTypes.ociIndex,
    ],
    ['CVE-2021-41190: Docker’s name for OCI’s', manifest(), invalid, /came as/, mediaTypes.dockerManifest],
    ['a manifest called index', manifest({ mediaType: mediaTypes.ociIndex }), invalid, /fields of another type/],
    ['an index called manifest', index({ mediaType: mediaTypes.ociManifest }), invalid, /fields of another type/],
    [
      'an index that came as manifest',
      { ...index(), mediaType: undefined },
      invalid,
      /another type/,
      mediaTypes.ociManifest,
    ],
    ['duplicate keys', '{"schemaVersion":2,"layers":[],"layers":[]}', 'ERR_JSON_INVALID', /duplicate key "layers"/],
    ['a duplicate in other case', manifest({ Layers: [] }), invalid, /Layers: differs from a known field/],
    ['Manifests beside layers', manifest({ MANIFESTS: [] }), invalid, /MANIFESTS: differs from a known field/],
    ['size beside Size', withLayer({ Size: 3 }), invalid, /layers\[0\]\.Size: differs/],
    [
      'schema 1',
      { schemaVersion: 1, name: 'x', fsLayers: [] },
      'ERR_MANIFEST_SCHEMA1',
      /schema 1\) is no longer supported/,
    ],
    ['fsLayers under version 2', manifest({ fsLayers: [] }), 'ERR_MANIFEST_SCHEMA1', /schema 1/],
    [
      'schema 1 by Content-Type',
      {},
      'ERR_MANIFEST_SCHEMA1',
      /schema 1/,
      'application/vnd.docker.distribution.manifest.v1+prettyjws',
    ],
    ['schema 3', manifest({ schemaVersion: 3 }), invalid, /schemaVersion: must be 2, not 3/],
    ['no schema version', manifest({ schemaVersion: undefined }), invalid, /schemaVersion: is missing/],
    [
      'an unknown type',
      manifest({ mediaType: 'text/plain' }),
      'ERR_MANIFEST_TYPE',
      /unsupported media type text\/plain/,
    ],
    ['HTML from a proxy', '<html>', 'ERR_JSON_INVALID', /unexpected "<"/],
    ['an array', [], invalid, /must be an object, not an array/],
    ['no config', manifest({ config: undefined }), invalid, /config: is missing/],
    ['layers that are no array', manifest({ layers: {} }), invalid, /layers: must be an array, not an object/],
    ['a layer that is text', manifest({ layers: ['x'] }), invalid, /layers\[0\]: must be an object/],
    ['1001 layers', manifest({ layers: Array(1001).fill(layer) }), 'ERR_DOCUMENT_TOO_LARGE', /layers: 1001 entries/],
    ['10001 manifests', index({ manifests: Array(10_001).fill({}) }), 'ERR_DOCUMENT_TOO_LARGE', /10001 entries/],
    ['a million layers', `{"schemaVersion":2,"layers":[${'0,'.repeat(1e6)}0]}`, 'ERR_JSON_TOO_LARGE', /more values/],
    ['4 MiB and one byte', ' '.repeat((4 << 20) + 1), 'ERR_JSON_TOO_LARGE', /4194305 bytes/],
    ['depth 100000', '['.repeat(100_000), 'ERR_JSON_TOO_LARGE', /nested deeper/],
    ['negative size', withLayer({ size: -1 }), invalid, /layers\[0\]\.size: is negative/],
    ['fractional size', withLayer({ size: 1.5 }), invalid, /size: must be a whole number/],
    ['size 1.0', JSON.stringify(withLayer({})).replace('148', '148.0'), invalid, /size: must be a whole number/],
    ['size 1e3', JSON.stringify(withLayer({})).replace('148', '1e3'), invalid, /size: must be a whole number/],
    ['size 2^53', withLayer({ size: 2 ** 53 }), invalid, /size: must be a whole number/],
    ['size 2^63', JSON.stringify(withLayer({})).replace('148', '9223372036854775808'), invalid, /whole number/],
    ['size as text', withLayer({ size: '148' }), invalid, /size: must be a whole number below 2\^53, not a string/],
    ['no size', withLayer({ size: undefined }), invalid, /size: is missing/],
    ['no digest', withLayer({ digest: undefined }), invalid, /digest: is missing/],
    ['no media type', withLayer({ mediaType: undefined }), invalid, /mediaType: is missing/],
    ['no media type at all', withLayer({ mediaType: 'gzip' }), invalid, /mediaType: is no media type/],
    [
      'a digest as path',
      withLayer({ digest: 'sha256:../../x' }),
      'ERR_DIGEST_INVALID',
      /invalid checksum digest format/,
    ],
    ['md5', withLayer({ digest: `md5:${'a'.repeat(32)}` }), 'ERR_DIGEST_UNSUPPORTED', /unsupported digest algorithm/],
    ['sha384', withLayer({ digest: `sha384:${'a'.repeat(96)}` }), 'ERR_DIGEST_UNSUPPORTED', /unsupported/],
    [
      'data shorter than size',
      withLayer({ data: 'aGVsbG8=', size: 6 }),
      invalid,
      /data: holds 5 bytes, not the 6 of size/,
    ],
    ['data longer than size', withLayer({ data: 'aGVsbG8=', size: 4 }), invalid, /data: holds 5 bytes/],
    ['data without padding', withLayer({ data: 'aGVsbG8', size: 5 }), invalid, /data: is not base64/],
    ['data with loose bits', withLayer({ data: 'aGVsbG9=', size: 5 }), invalid, /data: is not base64/],
    ['data with line ends', withLayer({ data: 'aGVs\nbG8=', size: 5 }), invalid, /data: is not base64/],
    ['a relative URL', withLayer({ urls: ['/x'] }), invalid, /urls\[0\]: is no absolute URI/],
    ['a URL with a line end', withLayer({ urls: ['http://a/\r\nX: y'] }), invalid, /urls\[0\]: is no absolute URI/],
    ['annotations with a number', manifest({ annotations: { a: 1 } }), invalid, /annotations\["a"\]: must be a string/],
    ['a platform without os', withLayer({ platform: { architecture: 'x' } }), invalid, /platform\.os: is missing/],
    ['a subject that is text', manifest({ subject: 'x' }), invalid, /subject: must be an object/],
  ];
  for (const [name, document, code, message, mediaType] of refused) {
    test(`refused: ${name}`, () => {
      assert.throws(
        () => parseDocument(encode(document), { mediaType }),
        (error) => isStrataError(error, code) && message.test(error.message) && error.message.length < 1000,
      );
    });
  }

  test('a manifest in place of an index, and the reverse', () => {
    assert.throws(() => parseManifest(encode(index())), /is an index where a manifest is needed/);
    assert.throws(() => parseIndex(encode(manifest())), /is a manifest where an index is needed/);
  });

  test('any bytes give a value or a typed error', () => {
    const seeds = [JSON.stringify(manifest()), JSON.stringify(index())];
    fc.assert(
      fc.property(fc.constantFrom(...seeds), fc.nat(), fc.string({ maxLength: 4 }), fc.nat(4), (text, at, put, cut) => {
        const place = at % text.length;
        const mutated = text.slice(0, place) + put + text.slice(place + cut);
        try {
          parseDocument(encode(mutated));
        } catch (error) {
          assert.ok(isStrataError(error), mutated);
        }
      }),
      { numRuns: 3000 },
    );
  });
});

describe('layers beside diffIDs', () => {
  const image = (layers: number): Manifest =>
    parseManifest(encode(manifest({ layers: Array.from({ length: layers }, () => layer) }))).value;
  const imageConfig = (ids: number, history: readonly object[] = []): ReturnType<typeof parseImageConfig>['value'] =>
    parseImageConfig(
      encode({
        architecture: 'amd64',
        os: 'linux',
        rootfs: { type: 'layers', diff_ids: Array.from({ length: ids }, (_, at) => digest(String(at))) },
        history,
      }),
    ).value;

  test('pairs in order', () => {
    const pairs = pairLayers(image(2), imageConfig(2, [{}, { empty_layer: true }, {}]));
    assert.deepEqual(
      pairs.map(({ diffId }) => diffId),
      [digest('0'), digest('1')],
    );
    assert.equal(pairLayers(image(2), imageConfig(2, [{}])).length, 2);
    assert.deepEqual(pairLayers(image(0), imageConfig(0)), []);
  });

  test('counts that differ', () => {
    for (const [layers, ids, history] of [
      [1, 2, []],
      [2, 1, []],
      [1, 1, [{}, {}]],
      [0, 0, [{}]],
    ] as const) {
      assert.throws(() => pairLayers(image(layers), imageConfig(ids, history)), { code: 'ERR_LAYERS_MISMATCH' });
    }
  });
});

test('same target', () => {
  const a = { mediaType: 'a/b', digest: parseDigest(digest('a')), size: 1 };
  assert.ok(sameTarget(a, { ...a, annotations: { x: 'y' } }));
  assert.equal(sameTarget(a, { ...a, size: 2 }), false);
});

describe('OCI image-spec documents', { skip: needs('fixtures') }, () => {
  const suites: readonly (readonly [string, string, string, number, (bytes: Uint8Array, rules: Rules) => void])[] = [
    [
      'descriptor.json',
      'TestDescriptor.range',
      'descriptor',
      31,
      (bytes, rules) => {
        const json = parseJson(bytes, { what: 'descriptor', maxBytes: 1 << 20 });
        readDescriptor(new JsonFields(json, descriptorKeys, 'descriptor'), rules);
      },
    ],
    ['imageindex.json', 'TestImageIndex.range', 'imageIndex', 12, (bytes, rules) => void parseIndex(bytes, { rules })],
    ['manifest.json', 'TestManifest.range', 'manifest', 12, (bytes, rules) => void parseManifest(bytes, { rules })],
  ];
  for (const [file, table, key, count, read] of suites) {
    test(file, () => {
      const rows = (JSON.parse(readFileSync(fixture(`image-spec/${file}`), 'utf8')) as Record<string, unknown>)[
        table
      ] as readonly Record<string, unknown>[];
      let passed = 0;
      for (const row of rows) {
        const text = String(row[key]);
        if (row['fail'] === true)
          assert.throws(
            () => read(encode(text), 'schema'),
            (error) => isStrataError(error),
            text,
          );
        else read(encode(text), 'schema');
        passed++;
      }
      assert.equal(passed, count);
    });
  }

  test('the valid ones the engine refuses have digests it cannot verify', () => {
    let refused = 0;
    for (const [file, table, key, , read] of suites) {
      const rows = (JSON.parse(readFileSync(fixture(`image-spec/${file}`), 'utf8')) as Record<string, unknown>)[
        table
      ] as readonly Record<string, unknown>[];
      for (const row of rows.filter(({ fail }) => fail !== true)) {
        try {
          read(encode(String(row[key])), 'engine');
        } catch (error) {
          assert.ok(isStrataError(error, 'ERR_DIGEST_UNSUPPORTED'));
          refused++;
        }
      }
    }
    assert.equal(refused, 8);
  });
});
