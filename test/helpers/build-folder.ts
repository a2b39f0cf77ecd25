import { chmodSync, linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';

/** Content of a file, or a symlink, hard link or mode. Names that end in a slash are folders. */
export type FolderItem =
  | string
  | Uint8Array
  | { readonly link: string }
  | { readonly sameAs: string }
  | { readonly mode: number; readonly content?: string };

// The process that empties a store's trash after a command may still run and have its lock file there.
const untilGone = { recursive: true, force: true, maxRetries: 50, retryDelay: 20 } as const;

/** Makes a temporary folder and removes it after the test. */
export function temporaryFolder(context: Pick<TestContext, 'after'>, name = 'folder'): string {
  const path = mkdtempSync(join(tmpdir(), `strata-${name}-`));
  context.after(() => rmSync(path, untilGone));
  return path;
}

/** Puts files, folders, symlinks (`link`) and hard links (`sameAs`) into a folder, in this order. */
export function fill(folder: string, items: Readonly<Record<string, FolderItem>>): void {
  for (const [name, item] of Object.entries(items)) {
    const path = join(folder, name);
    mkdirSync(name.endsWith('/') ? path : dirname(path), { recursive: true });
    if (typeof item === 'string' || item instanceof Uint8Array) {
      if (!name.endsWith('/')) writeFileSync(path, item);
    } else if ('link' in item) symlinkSync(item.link, path);
    else if ('sameAs' in item) linkSync(join(folder, item.sameAs), path);
    else {
      if (!name.endsWith('/')) writeFileSync(path, item.content ?? '');
      chmodSync(path, item.mode);
    }
  }
}

/** Makes a {@link temporaryFolder} with content. */
export function folderWith(
  context: Pick<TestContext, 'after'>,
  items: Readonly<Record<string, FolderItem>>,
  name = 'context',
): string {
  const folder = temporaryFolder(context, name);
  fill(folder, items);
  return folder;
}
