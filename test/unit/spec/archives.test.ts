import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { type ErrorCode, isStrataError } from '../../../src/errors/index.ts';
import { parseDigest } from '../../../src/spec/digest.ts';
import {
  formatArchiveManifest,
  parseArchiveManifest,
  parseArchiveRepositories,
} from '../../../src/spec/docker-archive.ts';
import { parseIndex } from '../../../src/spec/manifest.ts';
import { layoutBlobPath, layoutEntries, layoutFile, parseLayoutFile } from '../../../src/spec/oci-layout.ts';
import { fixture, needs } from '../../helpers/needs.ts';

const encode = (value: unknown): Uint8Array =>
  new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
const hex = 'ab'.repeat(32);

describe('docker save archives', () => {
  test('manifest.json, both of the old form and of the new', () => {
    const images = [
      { Config: `${hex}.json`, RepoTags: ['a:1', 'b:2'], Layers: [`${hex}/layer.tar`] },
      { Config: `blobs/sha256/${hex}`, RepoTags: null, Layers: null, LayerSources: {} },
    ];
    const parsed = parseArchiveManifest(encode(images));
    assert.deepEqual(parsed, [
      { config: `${hex}.json`, repoTags: ['a:1', 'b:2'], layers: [`${hex}/layer.tar`] },
      { config: `blobs/sha256/${hex}`, repoTags: [], layers: [] },
    ]);
    assert.deepEqual(parseArchiveManifest(formatArchiveManifest(parsed)), parsed);
    assert.deepEqual(parseArchiveManifest(encode('[]')), []);
  });

  const refused: readonly (readonly [string, unknown, ErrorCode, RegExp])[] = [
    ['..', [{ Config: '../../etc/passwd' }], 'ERR_DOCUMENT_INVALID', /images\[0\]\.Config: leads out of the archive/],
    ['an absolute path', [{ Config: '/etc/passwd' }], 'ERR_DOCUMENT_INVALID', /leads out/],
    [
      '.. in the middle',
      [{ Config: 'a', Layers: ['b', 'x/../../y'] }],
      'ERR_DOCUMENT_INVALID',
      /Layers\[1\]: leads out/,
    ],
    ['an empty part', [{ Config: 'a//b' }], 'ERR_DOCUMENT_INVALID', /leads out/],
    ['an empty path', [{ Config: '' }], 'ERR_DOCUMENT_INVALID', /leads out/],
    ['a backslash', [{ Config: '..\\x' }], 'ERR_DOCUMENT_INVALID', /is no path/],
    ['NUL', [{ Config: 'a\0b' }], 'ERR_DOCUMENT_INVALID', /is no path/],
    ['no config', [{ Layers: [] }], 'ERR_DOCUMENT_INVALID', /Config: is missing/],
    ['a number for a layer', [{ Config: 'a', Layers: [1] }], 'ERR_DOCUMENT_INVALID', /Layers\[0\]: must be a string/],
    ['an object', {}, 'ERR_DOCUMENT_INVALID', /must be an array/],
    ['config beside Config', [{ Config: 'a', config: 'b' }], 'ERR_DOCUMENT_INVALID', /differs from a known field/],
    ['1001 layers', [{ Config: 'a', Layers: Array(1001).fill('x') }], 'ERR_DOCUMENT_INVALID', /more than 1000/],
    ['10001 images', Array(10_001).fill({ Config: 'a' }), 'ERR_DOCUMENT_TOO_LARGE', /10001 entries/],
    ['9 MiB', ' '.repeat(9 << 20), 'ERR_JSON_TOO_LARGE', /manifest\.json: 9437184 bytes/],
  ];
  for (const [name, value, code, message] of refused) {
    test(`refused: ${name}`, () => {
      assert.throws(
        () => parseArchiveManifest(encode(value)),
        (error) => isStrataError(error, code) && message.test(error.message),
      );
    });
  }

  test('repositories', () => {
    assert.deepEqual(parseArchiveRepositories(encode({ 'a/b': { '1': hex, constructor: hex }, c: {} })), [
      { repository: 'a/b', tag: '1', layerId: hex },
      { repository: 'a/b', tag: 'constructor', layerId: hex },
    ]);
    for (const bad of [{ a: { t: '../x' } }, { a: { t: hex.toUpperCase() } }, { a: 'x' }, []]) {
      assert.throws(() => parseArchiveRepositories(encode(bad)), { code: 'ERR_DOCUMENT_INVALID' });
    }
    assert.throws(() => parseArchiveRepositories(encode(`{"a":{},"a":{}}`)), /duplicate key "a"/);
  });
});

describe('OCI layouts', () => {
  test('the oci-layout file', () => {
    parseLayoutFile(layoutFile);
    assert.throws(() => parseLayoutFile(encode({ imageLayoutVersion: '2.0.0' })), { code: 'ERR_LAYOUT_VERSION' });
    for (const bad of ['{}', '[]', '{"imageLayoutVersion":1}', '{"imageLayoutVersion":1.0.0}', '']) {
      assert.throws(
        () => parseLayoutFile(encode(bad)),
        (error) => isStrataError(error),
      );
    }
  });

  test('names in index.json', () => {
    const digest = `sha256:${hex}`;
    const entry = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, size: 2 };
    const annotations = {
      'org.opencontainers.image.ref.name': '1.0',
      'io.containerd.image.name': 'docker.io/library/a:1.0',
    };
    const index = parseIndex(encode({ schemaVersion: 2, manifests: [{ ...entry, annotations }, entry] })).value;
    const entries = layoutEntries(index);
    assert.deepEqual(
      entries.map(({ refName, imageName }) => [refName, imageName]),
      [
        ['1.0', 'docker.io/library/a:1.0'],
        [undefined, undefined],
      ],
    );
    assert.equal(layoutBlobPath(parseDigest(digest)), `blobs/sha256/${hex}`);
  });
});

test('OCI image-spec layout documents', { skip: needs('fixtures') }, () => {
  const table = JSON.parse(readFileSync(fixture('image-spec/imagelayout.json'), 'utf8')) as {
    'TestImageLayout.range': { imageLayout: string; fail?: boolean }[];
  };
  let passed = 0;
  for (const { imageLayout, fail } of table['TestImageLayout.range']) {
    if (fail === true)
      assert.throws(
        () => parseLayoutFile(encode(imageLayout)),
        (error) => isStrataError(error),
      );
    else parseLayoutFile(encode(imageLayout));
    passed++;
  }
  assert.equal(passed, 2);
});
