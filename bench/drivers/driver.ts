import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { bundleProgram } from '../../tools/bundle.ts';

/**
 * The command line that runs a program of this folder, up to the program's own arguments. It is bundled as the
 * published command is: what such work costs in a command that does nothing else.
 */
export async function driver(name: string, folder: string): Promise<string[]> {
  const place = join(folder, 'driver');
  await bundleProgram(`bench/drivers/${name}.ts`, name, place);
  mkdirSync(join(place, 'node_modules'));
  symlinkSync(join(import.meta.dirname, '../../node_modules/koffi'), join(place, 'node_modules/koffi'));
  return [process.execPath, join(place, `${name}.cjs`)];
}
