import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { bundleProgram } from '../../tools/bundle.ts';

/**
 * Bundles a program of this folder in the same way as the published command, and returns the command line that runs it,
 * up to its own arguments. So the program costs what a command with only this work would cost.
 */
export async function bundleDriver(name: string, folder: string): Promise<string[]> {
  const target = join(folder, 'driver');
  await bundleProgram(`bench/drivers/${name}.ts`, name, target);
  mkdirSync(join(target, 'node_modules'));
  symlinkSync(join(import.meta.dirname, '../../node_modules/koffi'), join(target, 'node_modules/koffi'));
  return [process.execPath, join(target, `${name}.cjs`)];
}
