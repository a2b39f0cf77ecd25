// Exports of the subpaths beside the facade: a missing file is an error of the library everywhere.
import assert from 'node:assert/strict';
import { globSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { MemoryContentStore, ObjectLocks } from '../../../src/content/index.ts';
import { isStrataError } from '../../../src/errors/index.ts';
import { annotateImage, layerOfFiles, layerOfTar, readConfig, readDocument } from '../../../src/images/index.ts';
import {
  applyChain,
  applyOnto,
  diffLayer,
  LayerIndex,
  listChanges,
  verifyIndex,
  verifyLayer,
} from '../../../src/layer/index.ts';
import {
  chooseDriver,
  copyChangingTree,
  copyTree,
  mountHidden,
  openSnapshotter,
  syncFilesystem,
} from '../../../src/snapshots/index.ts';
import { parseDigest } from '../../../src/spec/index.ts';
import { temporaryFolder } from '../../helpers/build-folder.ts';
import { needs } from '../../helpers/needs.ts';

const root = join(import.meta.dirname, '../../..');

/**
 * Functions that read and write only what the caller gives them: streams and bytes, whose failures pass through
 * unchanged.
 */
const ofGiven = `appendLayer changeConfig flattenImage rebaseImage retimeImage tarContent tarEntries
  compressGzip compressZstd decompress readTar remake canRemake gzipRecipe zstdRecipe
  verifyStream openTree openChanges openInMemory remakeLayer parseListingFormat`.split(/\s+/);
/** Functions that inspect the machine and leave out what they do not find. */
const ofMachine = ['describeVersions', 'namesInStore', 'treeUsage'];
const opensNothing: ReadonlySet<string> = new Set([...ofGiven, ...ofMachine]);

type Calls = Readonly<Record<string, () => unknown>>;

/** Returns calls of every asynchronous function that fail for want of a file. */
function failingCalls(none: string, folder: string): Calls {
  const digest = parseDigest(`sha256:${'a'.repeat(64)}`);
  const source = { blobPath: none, sizeBytes: 1 };
  const blobs = new MemoryContentStore();
  const tree = { kind: 'trees', upperDir: none, lowerDir: none } as const;
  return {
    applyChain: () => applyChain({ layers: [{ source, ownDir: none, indexPath: none }], lowerDirs: [] }),
    applyOnto: () => applyOnto({ source, rootDir: none, indexPath: none }),
    diffLayer: () => diffLayer({ tree, indexFolder: none, indexPath: () => none }),
    listChanges: () => Array.fromAsync(listChanges(tree)),
    verifyIndex: () => verifyIndex(none),
    'verifyIndex of a folder': () => verifyIndex(folder),
    verifyLayer: () => verifyLayer(folder, { kind: 'whole', directory: none } as never),
    LayerIndex: () => LayerIndex.open(folder),
    ObjectLocks: () => new ObjectLocks(none).with('blob', 'a', () => undefined),
    MemoryContentStore: () => blobs.open(digest),
    readDocument: () => readDocument(blobs, digest, 100),
    readConfig: () => readConfig(blobs, digest),
    layerOfFiles: () => layerOfFiles([{ kind: 'file', path: 'a', content: { from: none } }]),
    layerOfTar: () => layerOfTar(none),
    'layerOfTar of a folder': () => layerOfTar(folder),
    chooseDriver: () => chooseDriver({ root: none }),
    copyTree: () => copyTree(none, join(none, 'to')),
    copyChangingTree: () => copyChangingTree(none, join(none, 'to')),
    mountHidden: () => mountHidden([{ type: 'bind', source: none, readOnly: true }]),
    syncFilesystem: () => syncFilesystem(none),
    annotateImage: () => annotateImage({ manifest: async () => await verifyIndex(none) } as never, {}),
    openSnapshotter: () => openSnapshotter({ driver: 'none' } as never),
  };
}

test('a missing file is an error of the library in every asynchronous function', {
  skip: needs('root'),
}, async (context) => {
  const folder = temporaryFolder(context);
  mkdirSync(join(folder, 'folder'));
  writeFileSync(join(folder, 'file'), '');
  const calls = failingCalls(join(folder, 'file/none'), join(folder, 'folder'));
  const foreign: string[] = [];
  for (const [name, call] of Object.entries(calls)) {
    const error: unknown = await Promise.try(call).then(
      () => 'it resolves',
      (reason: unknown) => reason,
    );
    if (!isStrataError(error)) foreign.push(`${name}: ${String(error)}`);
  }
  assert.deepEqual(foreign, []);

  const missing: string[] = [];
  for (const file of globSync('src/*/index.ts', { cwd: root })) {
    const exported = Object.entries((await import(join(root, file))) as object) as [string, unknown][];
    for (const [name, value] of exported) {
      const waits = typeof value === 'function' && value.constructor.name.startsWith('Async');
      if (waits && !(name in calls) && !opensNothing.has(name)) missing.push(name);
    }
  }
  assert.deepEqual(missing, [], 'each has a failing call here, or is listed as one that opens nothing');
});
