import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import {
  type AbortOptions,
  copyTree,
  type MakeOptions,
  type Mount,
  mountHidden,
  type OpenDriverOptions,
  RecordedSnapshotter,
  type SnapshotRecord,
  type SnapshotterCapabilities,
  type SnapshotUsage,
  syncFilesystem,
  treeUsage,
} from '../../../src/snapshots/index.ts';
import { LoopDevices } from './loop-devices.ts';

const usualMegabytes = 64;
const unfinished = '.new';

export class Ext4Snapshotter extends RecordedSnapshotter {
  readonly capabilities: SnapshotterCapabilities = {
    parallelApply: false,
    whiteouts: 'none',
    nativeDiff: false,
    quota: true,
    reflink: false,
  };
  protected readonly layerLimit: undefined;
  readonly #folder: string;
  readonly #megabytes: number;
  readonly #devices = new LoopDevices();

  constructor({ root, ledger, options = {} }: OpenDriverOptions) {
    super('ext4', ledger);
    this.#folder = join(root, 'snapshots/ext4');
    this.#megabytes = Number(options['ext4.megabytes'] ?? usualMegabytes);
  }

  protected async make(
    { id }: SnapshotRecord,
    parent: SnapshotRecord | undefined,
    options: MakeOptions,
  ): Promise<void> {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const source = parent === undefined || options.original ? await this.#empty() : this.#file(parent.id);
    execFileSync('cp', ['--sparse=always', source, this.#file(id) + unfinished]);
    renameSync(this.#file(id) + unfinished, this.#file(id));
    const { original } = options;
    if (original === undefined) return;
    await this.#withMount(original.id, true, async (from) => {
      await this.#withMount(id, false, async (to) => copyTree(from, to, options));
    });
  }

  protected describe({ id, kind }: SnapshotRecord, { readOnly }: { readonly readOnly: boolean }): readonly Mount[] {
    const source = this.#devices.attach(this.#file(id), { readOnly: kind !== 'active' });
    return [{ type: 'ext4', source, options: kind === 'active' ? [] : ['ro'], readOnly }];
  }

  protected stackOf({ id }: SnapshotRecord): readonly string[] {
    return [id];
  }

  protected hasStorage(id: string): boolean {
    return existsSync(this.#file(id));
  }

  protected async measure(id: string, options: AbortOptions): Promise<SnapshotUsage> {
    return await this.#withMount(id, true, (tree) => treeUsage(tree, options));
  }

  /** Writes everything to the file, also while an older mount of it is still being unmounted. */
  protected async seal(id: string): Promise<void> {
    await this.#withMount(id, false, (tree) => syncFilesystem(tree));
    this.#devices.detach(this.#file(id));
  }

  protected async flush(options: AbortOptions): Promise<void> {
    await syncFilesystem(this.#folder, options);
  }

  protected discard(id: string): void {
    this.#devices.detach(this.#file(id));
    for (const file of [this.#file(id), this.#file(id) + unfinished]) rmSync(file, { force: true });
  }

  protected replace(lostId: string, id: string): void {
    this.#devices.detach(this.#file(id));
    renameSync(this.#file(id), this.#file(lostId));
  }

  protected stored(): ReadonlySet<string> {
    const names = existsSync(this.#folder) ? readdirSync(this.#folder) : [];
    return new Set(names.filter((name) => !name.startsWith('.')).map((name) => name.replace(unfinished, '')));
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    this.#devices.detachAll();
    return Promise.resolve();
  }

  #file(id: string): string {
    return join(this.#folder, id);
  }

  /** Returns the file of an empty filesystem, which is made once. */
  async #empty(): Promise<string> {
    const file = join(this.#folder, '.empty');
    if (existsSync(file)) return file;
    const created = `${file}-${randomUUID()}`;
    writeFileSync(created, '');
    truncateSync(created, this.#megabytes << 20);
    execFileSync('mkfs.ext4', ['-q', '-I', '256', '-N', '4096', '-O', '^has_journal', created]);
    const source = this.#devices.attach(created, { readOnly: false });
    try {
      await using tree = await mountHidden([{ type: 'ext4', source, readOnly: false }]);
      rmdirSync(join(tree.path, 'lost+found'));
      chmodSync(tree.path, 0o755);
    } finally {
      this.#devices.detach(created);
    }
    renameSync(created, file);
    return file;
  }

  /** Runs `use` on a mounted snapshot. `mounts` would refuse committed snapshots and those being made. */
  async #withMount<T>(id: string, readOnly: boolean, use: (tree: string) => Promise<T>): Promise<T> {
    await using tree = await mountHidden(this.describe(this.record(id), { readOnly }));
    return await use(tree.path);
  }
}
