import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { LocalContentStore } from '../../../../src/content/local/store.ts';
import type { CommitStep } from '../../../../src/content/local/writer.ts';
import { ObjectLocks } from '../../../../src/content/object-locks.ts';

/** Opens a store below `root`, and creates missing folders. */
export function openLocal(root: string, onStep?: (step: CommitStep) => void): LocalContentStore {
  const trashDirectory = join(root, 'trash');
  mkdirSync(trashDirectory, { recursive: true });
  const locks = new ObjectLocks(join(root, 'locks'));
  return LocalContentStore.open({ directory: join(root, 'content'), locks, trashDirectory, onStep });
}

/** Makes a folder for one test, removed after it. */
export function temporaryRoot(context: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), 'strata-content-'));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  return root;
}

/** Returns the names of the ingests that can be resumed. */
export const ingestsOf = (root: string): string[] => readdirSync(join(root, 'content/ingest'));

/** Returns the paths of files that no operation may leave behind: all but blobs, ingests and shared locks. */
export function strayFiles(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .filter(
      (path) => !/^(content\/blobs\/sha(256|512)\/[0-9a-f]+|content\/ingest\/.*|locks\/object-[0-9a-f])$/.test(path),
    );
}
