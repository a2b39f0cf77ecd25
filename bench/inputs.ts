import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Returns a generator of numbers from 0 to 1 (mulberry32), good enough for sizes and offsets. */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const poolBytes = 1 << 24;

/** Makes three parts of word-like text and one of noise: gzip packs it about 2.8 to 1, like usual layers. */
function makePool(): Buffer {
  const random = randomNumbers(1);
  const pool = Buffer.alloc(poolBytes);
  const words = Array.from({ length: 4096 }, () =>
    Buffer.from(Array.from({ length: 2 + Math.floor(random() * 10) }, () => 97 + Math.floor(random() * 26))),
  );
  let at = 0;
  while (at < poolBytes) {
    const runEnd = Math.min(poolBytes, at + 2048 + Math.floor(random() * 8192));
    if (random() < 0.25) while (at < runEnd) pool[at++] = Math.floor(random() * 256);
    else
      while (at < runEnd) {
        at += (words[Math.floor(random() * random() * words.length)] as Buffer).copy(pool, at, 0, runEnd - at);
        if (at < runEnd) pool[at++] = 32;
      }
  }
  return pool;
}

export interface TreeShape {
  readonly seed: number;
  readonly files: number;
  readonly totalBytes: number;
}

/** Writes a tree of this shape; file sizes follow a long-tailed distribution. */
export function makeTree(folder: string, shape: TreeShape): void {
  const random = randomNumbers(shape.seed);
  const pool = makePool();
  const weights = Array.from({ length: shape.files }, () => Math.exp(random() * random() * 9));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  for (const [at, weight] of weights.entries()) {
    const directory = join(folder, `d${at % 97}`, `s${Math.floor(at / 97) % 13}`);
    if (at < 97 * 13) mkdirSync(directory, { recursive: true });
    const file = openSync(join(directory, `file-${at}.dat`), 'w', 0o644);
    let left = Math.max(1, Math.round((weight / sum) * shape.totalBytes));
    while (left > 0) {
      const length = Math.min(left, 1 << 20);
      const from = Math.floor(random() * (poolBytes - length));
      writeSync(file, pool, from, length);
      left -= length;
    }
    closeSync(file);
  }
}

export interface ImageInput {
  /** Folder of an OCI layout with one image, tag `bench`. */
  readonly layout: string;
  readonly layers: readonly {
    readonly blob: string;
    readonly digest: string;
    readonly diffId: string;
    readonly sizeBytes: number;
  }[];
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

function addBlob(layout: string, bytes: Buffer): { digest: string; size: number; path: string } {
  const hex = sha256(bytes);
  const path = join(layout, 'blobs/sha256', hex);
  writeFileSync(path, bytes);
  return { digest: `sha256:${hex}`, size: bytes.length, path };
}

/** Makes an image with one gzip layer per shape, by GNU tar and gzip, so that no contender reads its own archives. */
export function makeImage(folder: string, name: string, shapes: readonly TreeShape[]): ImageInput {
  const layout = join(folder, name);
  mkdirSync(join(layout, 'blobs/sha256'), { recursive: true });
  const layers = shapes.map((shape, at) => {
    const tree = join(folder, `${name}-tree`);
    makeTree(join(tree, `layer${at}`), shape);
    const tar = join(folder, `${name}.tar`);
    const fixed = ['--sort=name', '--mtime=@1700000000', '--owner=0', '--group=0', '--numeric-owner'];
    execFileSync('tar', [...fixed, '-C', tree, '-cf', tar, '.']);
    rmSync(tree, { recursive: true });
    const diffId = `sha256:${sha256(readFileSync(tar))}`;
    execFileSync('gzip', ['-n', '-6', '-f', tar]);
    const packed = addBlob(layout, readFileSync(`${tar}.gz`));
    rmSync(`${tar}.gz`);
    return { blob: packed.path, digest: packed.digest, diffId, sizeBytes: statSync(packed.path).size };
  });
  const config = addBlob(layout, configOf(layers.map((layer) => layer.diffId)));
  const manifest = addBlob(
    layout,
    Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: config.digest, size: config.size },
        layers: layers.map((layer) => ({
          mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
          digest: layer.digest,
          size: layer.sizeBytes,
        })),
      }),
    ),
  );
  writeFileSync(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  writeFileSync(
    join(layout, 'index.json'),
    JSON.stringify({
      schemaVersion: 2,
      manifests: [
        {
          mediaType: 'application/vnd.oci.image.manifest.v1+json',
          digest: manifest.digest,
          size: manifest.size,
          annotations: { 'org.opencontainers.image.ref.name': 'bench' },
        },
      ],
    }),
  );
  const input: ImageInput = { layout, layers };
  writeFileSync(join(layout, 'input.json'), JSON.stringify(input));
  return input;
}

/** Writes the image as `docker save` did before version 25: uncompressed layers and their list, archived by GNU tar. */
export function makeDockerArchive(file: string, { layers }: ImageInput, tag: string): void {
  const folder = `${file}.d`;
  mkdirSync(folder);
  const names = layers.map(({ blob, diffId }) => {
    const name = join(diffId.slice('sha256:'.length), 'layer.tar');
    mkdirSync(dirname(join(folder, name)));
    execFileSync('sh', ['-ec', 'gzip -dc "$0" >"$1"', blob, join(folder, name)]);
    return name;
  });
  const config = configOf(layers.map(({ diffId }) => diffId));
  const configName = `${sha256(config)}.json`;
  writeFileSync(join(folder, configName), config);
  const list = [{ Config: configName, RepoTags: [tag], Layers: names }];
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(list));
  execFileSync('tar', ['-C', folder, '-cf', file, configName, 'manifest.json', ...names]);
  rmSync(folder, { recursive: true });
}

const configOf = (diffIds: readonly string[]): Buffer =>
  Buffer.from(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      config: {},
      rootfs: { type: 'layers', diff_ids: diffIds },
    }),
  );

/** Returns the shapes with fewer files and bytes. */
export const scaleShapes = (shapes: readonly TreeShape[], scale: number): TreeShape[] =>
  shapes.map(({ seed, files, totalBytes }) => ({
    seed,
    files: Math.ceil(files * scale),
    totalBytes: Math.ceil(totalBytes * scale),
  }));

const mega = 1e6;

/** Six layers, 700 MB, 58,000 files. */
export const sixLayers: readonly TreeShape[] = [
  { seed: 11, files: 9000, totalBytes: 165 * mega },
  { seed: 12, files: 21000, totalBytes: 235 * mega },
  { seed: 13, files: 12000, totalBytes: 150 * mega },
  { seed: 14, files: 10000, totalBytes: 100 * mega },
  { seed: 15, files: 5000, totalBytes: 45 * mega },
  { seed: 16, files: 1000, totalBytes: 5 * mega },
];
export const oneBigFile: readonly TreeShape[] = [{ seed: 21, files: 1, totalBytes: 540 * mega }];
export const tinyFiles: readonly TreeShape[] = [{ seed: 31, files: 50000, totalBytes: 25 * mega }];
/** New files of a container or a build step, to make a layer of. */
export const newLayer: TreeShape = { seed: 41, files: 11000, totalBytes: 165 * mega };
