// Writes the files that programs import from the published library. They check the version of Node first: an older Node
// cannot parse the code behind them, and its syntax error helps no user.
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..');

const read = (file: string): unknown => JSON.parse(readFileSync(join(root, file), 'utf8'));

/** Folders of the library that run everywhere, also in a browser, and need no guard. */
const { include: pure } = read('tsconfig.pure.json') as { readonly include: readonly string[] };

const { engines } = read('package.json') as { readonly engines: { readonly node: string } };
const oldest = engines.node.replace('>=', '');

/** Returns the names that a built ES module exports, including re-exports. */
async function exportsOf(file: string): Promise<string[]> {
  const { metafile } = await build({
    entryPoints: [file],
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    packages: 'external',
    write: false,
    metafile: true,
    logLevel: 'warning',
  });
  return Object.values(metafile.outputs).flatMap((output) => output.exports);
}

/** Writes `entry.js` beside the `index.js` of every folder that needs Node; it checks the version first. */
export async function writeGuardedEntries(library: string): Promise<void> {
  const names = globSync('*/index.js', { cwd: library }).map((file) => file.replace('/index.js', ''));
  for (const name of names.filter((folder) => !pure.includes(`src/${folder}`))) {
    const exported = await exportsOf(join(library, name, 'index.js'));
    writeFileSync(
      join(library, name, 'entry.js'),
      `import { createRequire } from 'node:module';

if (Number(process.versions.node.split('.')[0]) < ${oldest}) {
  throw new Error(\`strata-oci needs Node ${oldest} or later, this is \${process.versions.node}\`);
}
// An import would be loaded before the version is looked at, and an awaited one keeps require() from loading this file.
export const { ${exported.toSorted().join(', ')} } = createRequire(import.meta.url)('./index.js');
`,
    );
  }
}
