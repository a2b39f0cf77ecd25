import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatContainerImage } from '../../../src/cli/render/format-container-image.ts';

const hex = 'bd9007c8cb0e9da2a7751f1b25d97cc5e5c4f711604915d29c9461ca71dcbb0d';
const imageId = `sha256:${hex}`;
const manifest = `sha256:${'0'.repeat(64)}`;

test('the image of a container, as docker shortens it', () => {
  const cases: readonly (readonly [image: string, short: string])[] = [
    ['box', 'box'],
    ['box:1', 'box:1'],
    ['docker.io/library/box:1', 'box:1'],
    ['docker.io/me/box', 'me/box'],
    ['here:5000/me/box', 'here:5000/me/box'],
    [`me/box:1@${manifest}`, 'me/box:1'],
    [`me/box@${manifest}`, 'me/box'],
    [imageId, hex.slice(0, 12)],
    [hex, hex.slice(0, 12)],
    [hex.slice(0, 6), hex.slice(0, 6)],
    ['', '<no image>'],
    ['No Name', 'No Name'],
  ];
  for (const [image, short] of cases) assert.equal(formatContainerImage({ image, imageId }, false), short, image);
  for (const [image] of cases.slice(0, -2)) assert.equal(formatContainerImage({ image, imageId }, true), image);
});
