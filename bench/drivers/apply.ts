// apply.mjs LIBRARY INPUT.json TARGET: unpacks an image's layers, each into TARGET/N/fs with its index beside it, both
// digests of every layer checked. Nothing is flushed: see ../README.md.
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ImageInput } from '../inputs.ts';

const [library = '', inputFile = '', target = ''] = process.argv.slice(2);
const at = (name: string): string => pathToFileURL(join(library, name, 'index.js')).href;
const { applyChain } = (await import(at('layer'))) as typeof import('../../src/layer/index.ts');
const { parseDiffId, parseDigest } = (await import(at('spec'))) as typeof import('../../src/spec/index.ts');

const { layers } = JSON.parse(readFileSync(inputFile, 'utf8')) as ImageInput;
await applyChain({
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
