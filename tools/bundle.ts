// Bundles programs: the published command, and the drivers that the bench measures in its place.
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type BuildOptions, build, type Metafile } from 'esbuild';
import { linkChunks } from './link-chunks.ts';

const root = join(import.meta.dirname, '..');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly version: string };

// Defines import.meta.url, which the sources use, for CommonJS.
const importMeta = "const importMeta = { get url() { return require('node:url').pathToFileURL(__filename).href; } };\n";

const options = {
  absWorkingDir: root,
  bundle: true,
  splitting: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  // Names stay, so that stack traces can be read.
  minifyWhitespace: true,
  minifySyntax: true,
  // Koffi contains machine code, so it stays a package.
  external: ['koffi'],
  define: {
    'import.meta.url': 'importMeta.url',
    'import.meta.dirname': '__dirname',
    'process.env.STRATA_VERSION': JSON.stringify(version),
  },
  logLevel: 'warning',
  write: false,
  metafile: true,
} satisfies BuildOptions;

/**
 * Bundles a source file and its imports into `folder/<out>.cjs`, see {@link linkChunks}: CommonJS starts sooner, and
 * its compiled code can be cached. Every worker of the sources gets such a file in the same folder, where the code that
 * starts it looks.
 */
export async function bundleProgram(file: string, out: string, folder: string): Promise<Metafile> {
  mkdirSync(folder, { recursive: true });
  for (const worker of globSync('src/**/*-worker.ts', { cwd: root })) {
    await bundleOne(worker, basename(worker, '.ts'), folder);
  }
  return await bundleOne(file, out, folder);
}

async function bundleOne(file: string, out: string, folder: string): Promise<Metafile> {
  const { outputFiles, metafile } = await build({ ...options, entryPoints: [{ in: file, out }], outdir: folder });
  const chunks = new Map(outputFiles.map(({ path, text }) => [basename(path), text]));
  writeFileSync(join(folder, `${out}.cjs`), linkChunks(chunks, `${out}.js`, importMeta));
  return metafile;
}
