// Stacks layers, given as tar bytes, in three ways: unpacked side by side and joined by an overlay mount, applied one
// after the other to one tree, and by umoci.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { applyChain, applyOnto } from '../../src/layer/index.ts';
import type { AppliedLayer } from '../../src/layer/types.ts';
import { output } from './needs.ts';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** A temporary folder. After the test, mounts below it are unmounted and the folder is removed. */
export class LayerTrees {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'strata-layers-'));
  readonly #mounts: string[] = [];
  #count = 0;

  constructor(context: Pick<TestContext, 'after'>) {
    context.after(() => {
      for (const mount of this.#mounts.reverse()) execFileSync('umount', [mount]);
      rmSync(this.folder, { recursive: true, force: true });
    });
  }

  /** Makes an empty directory. */
  directory(name = 'dir'): string {
    const path = join(this.folder, `${this.#count++}-${name}`);
    mkdirSync(path);
    return path;
  }

  /** Writes a blob to a file. */
  blob(bytes: Uint8Array, name = 'blob'): { readonly blobPath: string; readonly sizeBytes: number } {
    const blobPath = join(this.folder, `${this.#count++}-${name}`);
    writeFileSync(blobPath, bytes);
    return { blobPath, sizeBytes: bytes.length };
  }

  /** Unpacks layers side by side; `dirs` are their own directories, the lowest layer's first. */
  async chain(
    layers: readonly Uint8Array[],
    lowerDirs: readonly string[] = [],
  ): Promise<{ applied: AppliedLayer[]; dirs: string[]; indexes: string[] }> {
    const dirs = layers.map((_, at) => this.directory(`own-${at}`));
    const indexes = dirs.map((dir) => `${dir}.idx`);
    const applied = await applyChain({
      layers: layers.map((bytes, at) => ({ source: this.blob(bytes), ownDir: dirs[at]!, indexPath: indexes[at]! })),
      lowerDirs,
    });
    return { applied, dirs, indexes };
  }

  /** Mounts directories, the lowest first, read-only with the options Strata mounts with. */
  mount(dirs: readonly string[]): string {
    const target = this.directory('mnt');
    // Without an upper directory, overlayfs needs at least two lower ones.
    const lowers = dirs.length > 1 ? dirs : [this.directory('nothing'), ...dirs];
    const options = `ro,lowerdir=${lowers.toReversed().join(':')},redirect_dir=nofollow,metacopy=off,index=off`;
    execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', options, target]);
    this.#mounts.push(target);
    return target;
  }

  /** Mounts an overlay that writes to `upper`. */
  mountWritable(lowers: readonly string[], upper: string): string {
    const target = this.directory('mnt');
    const options = `lowerdir=${lowers.join(':')},upperdir=${upper},workdir=${this.directory('work')},redirect_dir=nofollow,metacopy=off,index=off`;
    execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', options, target]);
    this.#mounts.push(target);
    return target;
  }

  unmount(target: string): void {
    execFileSync('umount', [target]);
    this.#mounts.splice(this.#mounts.indexOf(target), 1);
  }

  async overlay(layers: readonly Uint8Array[]): Promise<string> {
    return this.mount((await this.chain(layers)).dirs);
  }

  async onto(layers: readonly Uint8Array[]): Promise<string> {
    const rootDir = this.directory('tree');
    for (const [at, bytes] of layers.entries()) {
      await applyOnto({ source: this.blob(bytes), rootDir, indexPath: `${rootDir}.${at}.idx`, isBase: at === 0 });
    }
    return rootDir;
  }

  /** Unpacks an image of these layers by `umoci unpack`. */
  umoci(layers: readonly Uint8Array[]): string {
    const layout = this.directory('layout');
    const blobs = join(layout, 'blobs/sha256');
    mkdirSync(blobs, { recursive: true });
    const add = (mediaType: string, bytes: Uint8Array): { mediaType: string; digest: string; size: number } => {
      writeFileSync(join(blobs, sha256(bytes)), bytes);
      return { mediaType, digest: `sha256:${sha256(bytes)}`, size: bytes.length };
    };
    const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
    const config = add(
      'application/vnd.oci.image.config.v1+json',
      json({
        architecture: 'amd64',
        os: 'linux',
        config: {},
        rootfs: { type: 'layers', diff_ids: layers.map((layer) => `sha256:${sha256(layer)}`) },
      }),
    );
    const manifest = add(
      'application/vnd.oci.image.manifest.v1+json',
      json({
        schemaVersion: 2,
        config,
        layers: layers.map((layer) => add('application/vnd.oci.image.layer.v1.tar', layer)),
      }),
    );
    const annotations = { 'org.opencontainers.image.ref.name': 'test' };
    writeFileSync(join(layout, 'index.json'), json({ schemaVersion: 2, manifests: [{ ...manifest, annotations }] }));
    writeFileSync(join(layout, 'oci-layout'), json({ imageLayoutVersion: '1.0.0' }));
    const bundle = join(this.folder, `${this.#count++}-bundle`);
    output('umoci', 'unpack', '--image', `${layout}:test`, bundle);
    return join(bundle, 'rootfs');
  }

  /** Returns names directly in the folder that match: files left behind. */
  leftovers(pattern: RegExp): string[] {
    return readdirSync(this.folder).filter((name) => pattern.test(name));
  }
}
