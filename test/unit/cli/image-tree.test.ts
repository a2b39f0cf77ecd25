import assert from 'node:assert/strict';
import { test } from 'node:test';
import { imageTreeJson, renderImageTree } from '../../../src/cli/render/image-tree.ts';
import type { ImageTree, LayerNode, SharingImage } from '../../../src/engine/index.ts';
import { parseChainId, parseDiffId, parseDigest } from '../../../src/spec/digest.ts';

const hash = (text: string): string => `sha256:${text.repeat(64).slice(0, 64)}`;

const image = (id: string, name: string | undefined, sizes: readonly [number, number]): SharingImage => ({
  id: parseDigest(hash(id)),
  repository: name,
  tag: name === undefined ? undefined : 'latest',
  digest: undefined,
  createdAt: undefined,
  sizeBytes: sizes[0] + sizes[1],
  sharedBytes: sizes[0],
  uniqueBytes: sizes[1],
  labels: {},
  os: 'linux',
  architecture: 'amd64',
});

const layer = (id: string, sizeBytes: number, tops: readonly string[], ...children: LayerNode[]): LayerNode => ({
  chainId: parseChainId(hash(id)),
  diffId: parseDiffId(hash(id)),
  sizeBytes,
  uses: tops.length + children.reduce((sum, { uses }) => sum + uses, 0),
  tops: tops.map((top) => parseDigest(hash(top))),
  children,
});

const tree: ImageTree = {
  layers: [
    layer('a', 200e6, ['1'], layer('b', 5e6, [], layer('c', 15e6, ['2'])), layer('d', 100e6, ['3', '4'])),
    layer('e', 1, []),
  ],
  images: [
    image('1', 'base', [200e6, 0]),
    image('2', 'one', [200e6, 20e6]),
    image('3', `registry.example.com:5000/a/team/with/a/very/long/name/${'x'.repeat(60)}`, [300e6, 0]),
    image('4', undefined, [300e6, 0]),
    image('5', '名前のとても長いイメージ', [0, 0]),
  ],
};

test('layers are a tree, a chain stays at its indent, and nothing is wider than the terminal', () => {
  const shown = renderImageTree(tree, { width: 80, whole: false });
  const lines = shown.split('\n');
  assert.deepEqual(lines.slice(0, 7), [
    'LAYER             SIZE  USED BY  IMAGES',
    'aaaaaaaaaaaa     200MB        4  base:latest',
    '├─ bbbbbbbbbbbb    5MB        1',
    '│  cccccccccccc   15MB        1  one:latest',
    '└─ dddddddddddd  100MB        2  registry.example.com:5000/a/team/with/a/ve…, +1',
    'eeeeeeeeeeee        1B        0',
    '',
  ]);
  assert.match(shown, /^one:latest +222222222222 +220MB +200MB +20MB$/m);
  assert.match(shown, /^444444444444 +444444444444 +300MB +300MB +0B$/m);
  for (const line of lines) assert.ok(Array.from(line).length <= 80, line);
});

test('a narrow terminal cuts names at whole characters', () => {
  const shown = renderImageTree(tree, { width: 60, whole: false });
  assert.match(shown, /^名前のとても長…   5/m);
});

test('the tree as JSON', () => {
  const { Layers, Images } = JSON.parse(imageTreeJson(tree)) as Record<string, Record<string, unknown>[]>;
  assert.equal(Layers?.[0]?.['Size'], 200e6);
  assert.deepEqual((Layers?.[0]?.['Children'] as Record<string, unknown>[] | undefined)?.[1]?.['Images'], [
    hash('3'),
    hash('4'),
  ]);
  assert.deepEqual(Images?.[1], {
    ID: hash('2'),
    RepoTags: ['one:latest'],
    Size: 220e6,
    SharedSize: 200e6,
    UniqueSize: 20e6,
  });
});
