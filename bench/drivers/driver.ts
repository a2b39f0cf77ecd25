import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { transformSync } from 'esbuild';

const library = join(import.meta.dirname, '../../dist/lib');

/**
 * The command line that runs a program of this folder over the built library, up to the program's own arguments. It
 * is written without its types first, as a published program would be.
 */
export function driver(name: string, folder: string): string[] {
  const program = join(folder, `${name}.mjs`);
  const source = readFileSync(join(import.meta.dirname, `${name}.ts`), 'utf8');
  writeFileSync(program, transformSync(source, { loader: 'ts', target: 'node24' }).code);
  return [process.execPath, program, library];
}
