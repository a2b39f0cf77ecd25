import { globSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine } from '../../src/engine/index.ts';
import { Metadata } from '../../src/metadata/metadata.ts';
import { busyboxContext } from './busybox-image.ts';
import type { Hooks } from './test-file.ts';

/** An engine on a store of its own that holds the image `busybox`; its containers go after the test. */
export async function containerStore(context: Hooks, storageDriver = 'overlay2'): Promise<Engine> {
  const root = mkdtempSync(join(tmpdir(), 'strata-containers-'));
  const engine = await Engine.open({ root, storageDriver });
  context.after(async () => {
    for (const { id } of await engine.containers.list({ all: true }))
      await engine.containers.remove(id, { force: true });
    await engine[Symbol.asyncDispose]();
    for (const folder of [root, engine.layout.run]) rmSync(folder, { recursive: true, force: true });
  });
  await engine.builder.build({ context: busyboxContext(context), tags: ['busybox'] }).result;
  return engine;
}

const namesIn = (folder: string): string[] => {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
};

/** Command lines of all processes that name `text`. */
export const processesNaming = (text: string): string[] =>
  namesIn('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return [];
    try {
      const line = readFileSync(`/proc/${name}/cmdline`, 'latin1').replaceAll('\0', ' ');
      return line.includes(text) ? [`${name} ${line}`] : [];
    } catch {
      return [];
    }
  });

/** What containers could leave behind; `ids` are those whose control groups are looked for. */
export function leftBehind({ layout }: Engine, ids: readonly string[] = []): Record<string, readonly string[]> {
  using metadata = Metadata.openToLook({ database: layout.database, locksDirectory: layout.locks });
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return {
    records: metadata.containers.list().map(({ name }) => name),
    writableLayers: metadata.snapshots.list().flatMap(({ id, kind }) => (kind === 'active' ? [id] : [])),
    folders: namesIn(layout.containers),
    bundles: namesIn(join(layout.run, 'bundles')),
    states: namesIn(join(layout.run, 'runc')),
    locks: namesIn(join(layout.locks, 'containers')),
    leases: namesIn(layout.locks).filter((name) => name.startsWith('lease-')),
    mounts: mounts.filter((line) => line.includes(layout.root) || line.includes(layout.run)),
    groups: ids.flatMap((id) => globSync(`/sys/fs/cgroup/{*/,}strata/${id}`)),
    processes: processesNaming(layout.run),
  };
}

/** What {@link leftBehind} says when nothing is. */
export const nothingLeft: Record<string, readonly string[]> = {
  records: [],
  writableLayers: [],
  folders: [],
  bundles: [],
  states: [],
  locks: [],
  leases: [],
  mounts: [],
  groups: [],
  processes: [],
};
