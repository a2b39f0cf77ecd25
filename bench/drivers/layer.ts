// layer TREE FOLDER none|gzip: makes a layer of all files in TREE: index, diffID, and FOLDER/layer.tar, or
// FOLDER/layer.tar.gz with its digest. Nothing is flushed, see ../README.md.
import { createHash } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { compressGzip } from '../../src/archive/index.ts';
import { diffLayer } from '../../src/layer/index.ts';
import { libdeflateCompressor } from '../../src/sys/deflate/libdeflate.ts';

const [upperDir = '', folder = '', form = ''] = process.argv.slice(2);
const request = {
  tree: { kind: 'trees', upperDir, lowerDir: undefined },
  indexFolder: folder,
  indexPath: () => join(folder, 'layer.idx'),
} as const;

/** Writes the layer uncompressed: its digest is the diffID. */
async function store(): Promise<void> {
  const file = openSync(join(folder, 'layer.tar'), 'wx');
  const { diffId } = await diffLayer({ ...request, sink: (chunk) => void writeSync(file, chunk) });
  closeSync(file);
  console.log(diffId);
}

async function storeCompressed(): Promise<void> {
  const file = openSync(join(folder, 'layer.tar.gz'), 'wx');
  const digest = createHash('sha256');
  const stream = new TransformStream<Uint8Array, Uint8Array>({}, { highWaterMark: 4 });
  const input = stream.writable.getWriter();
  const make = async (): Promise<string> => {
    try {
      const { diffId } = await diffLayer({ ...request, sink: (chunk) => input.write(chunk) });
      await input.close();
      return diffId;
    } catch (error) {
      await input.abort(error);
      throw error;
    }
  };
  const layer = make();
  for await (const chunk of compressGzip(stream.readable, { native: [libdeflateCompressor] })) {
    digest.update(chunk);
    writeSync(file, chunk);
  }
  closeSync(file);
  console.log(await layer, `sha256:${digest.digest('hex')}`);
}

void (form === 'none' ? store() : storeCompressed());
