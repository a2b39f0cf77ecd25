import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleProgram } from '../../tools/bundle.ts';
import type { Hooks } from './test-file.ts';

/** How the command is called. */
export interface BundledCommand {
  readonly command: string;
  /** Before the arguments of each call. */
  readonly first: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** The command as it is published, which starts in half the time: for tests that call it very often. */
export async function bundledCommand(context: Hooks): Promise<BundledCommand> {
  const folder = mkdtempSync(join(tmpdir(), 'strata-bundled-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  await bundleProgram('src/cli/main.ts', 'strata-main', join(folder, 'cli'));
  symlinkSync(join(import.meta.dirname, '../../node_modules'), join(folder, 'node_modules'));
  return {
    command: process.execPath,
    first: ['--', join(folder, 'cli/strata-main.cjs')],
    env: { NODE_COMPILE_CACHE: join(folder, 'compiled') },
  };
}
