// How programs over the sources are bundled: the published command, and what stands in for it where it is measured.
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join, relative } from 'node:path';
import { type BuildOptions, build, type Metafile, type Plugin, transform } from 'esbuild';
import { joinChunks } from './join-chunks.ts';

const root = join(import.meta.dirname, '..');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly version: string };

/**
 * The modules of Node that take longest to load, all together longer than Node itself, are loaded when something of
 * theirs is first used: most runs of the command need none of them.
 */
const lazyBuiltins: Plugin = {
  name: 'lazy-builtins',
  setup({ onResolve, onLoad }) {
    const namespace = 'lazy';
    const slow = /^node:(child_process|crypto|fs\/promises|net|sqlite|stream|timers\/promises|worker_threads|zlib)$/;
    onResolve({ filter: slow }, ({ path, importer, namespace: from }) =>
      from === namespace
        ? { external: true }
        : { path, namespace, pluginData: importer, suffix: `?${relative(root, importer)}` },
    );
    onLoad({ filter: slow, namespace }, ({ path, pluginData: importer }) => {
      const text = readFileSync(importer as string, 'utf8');
      const isNamed = new RegExp(`^import (type )?\\{[^}]*\\} from '${path}'`, 'm').test(text);
      const names = Object.keys(createRequire(import.meta.url)(path) as object).filter(
        (name) => !isNamed || new RegExp(`\\b${name}\\b`).test(text),
      );
      const getters = names.map((name) => `get ${name}() { return require('${path}').${name}; }`);
      return { contents: `module.exports = { ${getters.join(', ')} };` };
    });
  },
};

// What the sources know from import.meta, in CommonJS.
const importMeta = "const importMeta = { get url() { return require('node:url').pathToFileURL(__filename).href; } };\n";

const options = {
  absWorkingDir: root,
  outExtension: { '.js': '.cjs' },
  bundle: true,
  platform: 'node',
  target: 'node24',
  // It brings machine code and stays a package.
  external: ['koffi'],
  define: { 'import.meta.url': 'importMeta.url', 'process.env.STRATA_VERSION': JSON.stringify(version) },
  plugins: [lazyBuiltins],
  logLevel: 'warning',
} satisfies BuildOptions;

/**
 * Makes `folder/<out>.cjs` of a source file, with chunks beside it for what is imported dynamically, so that a run loads
 * only what it uses. They are CommonJS, whose compiled code Node keeps and which starts sooner; esbuild cuts chunks in
 * ESM only, hence two steps. `groups` are sources that the file imports dynamically and that get one file each with
 * all they need, see {@link joinChunks}. Every worker of the sources gets a file of its own beside them, where the code
 * that starts it looks for it.
 */
export async function bundleProgram(
  file: string,
  out: string,
  folder: string,
  groups: readonly (readonly string[])[] = [[file]],
): Promise<Metafile> {
  mkdirSync(folder, { recursive: true });
  const { outputFiles, metafile } = await build({
    ...options,
    entryPoints: [{ in: file, out }],
    outdir: folder,
    format: 'esm',
    splitting: true,
    write: false,
    metafile: true,
  });
  const chunks = new Map<string, string>();
  for (const { path, text } of outputFiles) {
    const { code } = await transform(text, {
      format: 'cjs',
      platform: 'node',
      target: 'node24',
      supported: { 'dynamic-import': false },
    });
    chunks.set(basename(path), importMeta + code);
  }
  const files = joinChunks(chunks, metafile, { groups, start: `${out}.cjs` });
  for (const [name, text] of files) writeFileSync(join(folder, name), text);
  await build({
    ...options,
    entryPoints: globSync('src/**/*-worker.ts', { cwd: root }).map((it) => ({ in: it, out: basename(it, '.ts') })),
    outdir: folder,
    format: 'cjs',
    banner: { js: importMeta },
  });
  return metafile;
}
