// layer.mjs LIBRARY TREE FOLDER none|gzip: makes a layer of everything in TREE: index, diffID, and FOLDER/layer.tar or
// FOLDER/layer.tar.gz with its digest. Nothing is flushed: see ../README.md.
import { createHash } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [library = '', upperDir = '', folder = '', form = ''] = process.argv.slice(2);
const at = (name: string): string => pathToFileURL(join(library, name, 'index.js')).href;
const { diffLayer } = (await import(at('layer'))) as typeof import('../../src/layer/index.ts');
const { compressGzip } = (await import(at('archive'))) as typeof import('../../src/archive/index.ts');

const request = {
  tree: { kind: 'trees', upperDir, lowerDir: undefined },
  indexFolder: folder,
  indexPath: () => join(folder, 'layer.idx'),
} as const;

if (form === 'none') {
  const file = openSync(join(folder, 'layer.tar'), 'wx');
  // Uncompressed, the digest of what is stored is the diffID.
  const { diffId } = await diffLayer({ ...request, sink: (chunk) => void writeSync(file, chunk) });
  closeSync(file);
  console.log(diffId);
} else {
  const file = openSync(join(folder, 'layer.tar.gz'), 'wx');
  const stream = new TransformStream<Uint8Array, Uint8Array>({}, { highWaterMark: 4 });
  const input = stream.writable.getWriter();
  const digest = createHash('sha256');
  const store = async (): Promise<void> => {
    for await (const chunk of compressGzip(stream.readable)) {
      digest.update(chunk);
      writeSync(file, chunk);
    }
  };
  const make = async (): Promise<string> => {
    const { diffId } = await diffLayer({ ...request, sink: (chunk) => input.write(chunk) });
    await input.close();
    return diffId;
  };
  const [diffId] = await Promise.all([make(), store()]);
  closeSync(file);
  console.log(diffId, `sha256:${digest.digest('hex')}`);
}
