import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Engine } from '../../src/engine/index.ts';
import { leftBehind } from './container-store.ts';

export const namesIn = (folder: string): string[] => {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
};

/**
 * What any command could leave behind on the machine and in a store, to compare with what was there before; `ids` are
 * containers and build steps whose control groups are looked for.
 */
export function storeLeftovers(engine: Engine, ids: readonly string[] = []): Record<string, readonly string[]> {
  const { layout } = engine;
  return {
    ...leftBehind(engine, ids),
    steps: namesIn(join(layout.run, 'steps')),
    stepLocks: namesIn(join(layout.locks, 'steps')),
    ingests: namesIn(join(layout.content, 'ingest')),
    unfinished: namesIn(layout.indexes).filter((name) => !/^[0-9a-f]{64}\.idx$/.test(name)),
    trash: namesIn(layout.trash),
  };
}

/** The files a store is made of, by path; database, locks and what all builds mount on or know stay anyway. */
export const storeFiles = ({ layout }: Engine): string[] =>
  readdirSync(layout.root, { recursive: true, encoding: 'utf8', withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(layout.root.length + 1))
    .filter((name) => !/^(?:strata\.|locks\/|mount-points\/|contexts\/|copies\/)/.test(name))
    .sort();
