import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildLaunchedCommand } from '../../tools/build-command.ts';
import type { Hooks } from './test-file.ts';

/**
 * Returns the path of the command as it is published, for tests that call it very often. It is built once for a test
 * run (`STRATA_COMMAND`), else for this caller.
 */
export async function buildCommand(context: Hooks): Promise<string> {
  const ofRun = process.env['STRATA_COMMAND'];
  if (ofRun !== undefined) return ofRun;
  const folder = mkdtempSync(join(tmpdir(), 'strata-bundled-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  symlinkSync(join(import.meta.dirname, '../../node_modules'), join(folder, 'node_modules'));
  return await buildLaunchedCommand(folder);
}
