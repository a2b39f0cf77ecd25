// Reads the imports of the files under src/: static, type-only, dynamic and re-exporting ones.
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { parseSync } from 'oxc-parser';

/** Returns every file below `src/` with the specifiers of its imports. */
export function readImports(root: string): Map<string, readonly string[]> {
  const files = globSync('src/**/*.ts', { cwd: root }).filter((file) => file.split('/').length > 2);
  return new Map(files.sort().map((file) => [file, importsOf(join(root, file))]));
}

function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  const { module } = parseSync(file, text);
  return [
    ...module.staticImports.map((found) => found.moduleRequest.value),
    ...module.staticExports.flatMap((found) => found.entries.flatMap((entry) => entry.moduleRequest?.value ?? [])),
    ...module.dynamicImports.flatMap((found) => {
      const source = text.slice(found.moduleRequest.start, found.moduleRequest.end);
      return /^['"]/.test(source) ? [source.slice(1, -1)] : [];
    }),
  ];
}

/** Returns the file that a relative specifier names. */
export const importedFile = (file: string, specifier: string): string => normalize(join(dirname(file), specifier));
