import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  isConfig,
  isDockerMediaType,
  isForeignLayer,
  isIndex,
  isLayer,
  isManifest,
  isMediaType,
  isSchema1,
  layerCompression,
  layerMediaType,
  mediaTypes,
  toDockerMediaType,
  toOciMediaType,
} from '../../../src/spec/media-types.ts';

test('every well-known type is of one kind at most, and OCI ↔ Docker go both ways', () => {
  for (const type of Object.values(mediaTypes)) {
    const kinds = [isIndex, isManifest, isConfig, isLayer].filter((is) => is(type));
    assert.equal(kinds.length, type === mediaTypes.ociEmpty ? 0 : 1, type);
    assert.ok(isMediaType(type));
    assert.equal(isDockerMediaType(type), type.includes('docker'), type);
    assert.equal(isDockerMediaType(toOciMediaType(type)), false);
    if (type !== mediaTypes.ociForeignLayerZstd && type !== mediaTypes.ociEmpty) {
      assert.ok(isDockerMediaType(toDockerMediaType(type)), type);
      assert.equal(toOciMediaType(toDockerMediaType(type)), toOciMediaType(type));
    }
    assert.equal(isForeignLayer(type), /foreign|nondistributable/.test(type));
  }
  assert.equal(toDockerMediaType('text/plain'), 'text/plain');
  assert.equal(toOciMediaType('constructor'), 'constructor');
});

test('compression by type', () => {
  for (const compression of ['none', 'gzip', 'zstd'] as const) {
    for (const family of ['oci', 'docker'] as const) {
      const type = layerMediaType(compression, family);
      assert.equal(layerCompression(type), compression);
      assert.equal(isDockerMediaType(type), family === 'docker');
      assert.equal(isForeignLayer(type), false);
    }
  }
  assert.equal(layerCompression(mediaTypes.ociConfig), undefined);
  assert.equal(layerCompression('application/vnd.oci.image.layer.v1.tar+encrypted'), undefined);
});

test('the grammar of RFC 6838', () => {
  const name = 'a'.repeat(127);
  for (const good of ['a/b', 'text/plain', `${name}/${name}`, 'a/x.y-z+w_v', 'a/b!#$&^'])
    assert.ok(isMediaType(good), good);
  for (const bad of [
    '',
    'a',
    'a/',
    '/b',
    'a/b/c',
    '.a/b',
    'a/.b',
    `${name}a/b`,
    `a/${name}a`,
    'a/b;c=d',
    'a b/c',
    'a/b\n',
  ]) {
    assert.equal(isMediaType(bad), false, bad);
  }
});

test('schema 1 by type', () => {
  assert.ok(isSchema1('application/vnd.docker.distribution.manifest.v1+json'));
  assert.ok(isSchema1('application/vnd.docker.distribution.manifest.v1+prettyjws'));
  assert.equal(isSchema1(mediaTypes.dockerManifest), false);
});
