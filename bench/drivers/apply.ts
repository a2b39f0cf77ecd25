// apply INPUT.json TARGET: unpacks an image's layers, each into TARGET/N/fs with its index beside it, and checks both
// digests of every layer. Nothing is flushed, see ../README.md.
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { applyChain } from '../../src/layer/index.ts';
import { parseDiffId, parseDigest } from '../../src/spec/index.ts';
import type { ImageInput } from '../inputs.ts';

const [inputFile = '', target = ''] = process.argv.slice(2);
const { layers } = JSON.parse(readFileSync(inputFile, 'utf8')) as ImageInput;

void applyChain({
  layers: layers.map(({ blob, sizeBytes, digest, diffId }, number) => {
    const folder = join(target, String(number));
    const ownDir = join(folder, 'fs');
    mkdirSync(ownDir, { recursive: true });
    return {
      source: { blobPath: blob, sizeBytes, digest: parseDigest(digest), diffId: parseDiffId(diffId) },
      ownDir,
      indexPath: join(folder, 'layer.idx'),
    };
  }),
  lowerDirs: [],
});
