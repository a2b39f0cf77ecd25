// Makes what is published: lib/, the library as ESM with types, and cli/, the command as CommonJS.
//   node tools/build.ts [folder]     default: dist
import { execFileSync } from 'node:child_process';
import { chmodSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join, relative, resolve } from 'node:path';
import { type BuildOptions, build, type Metafile, type Plugin, transform } from 'esbuild';

const root = join(import.meta.dirname, '..');
const out = resolve(process.argv[2] ?? join(root, 'dist'));
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly version: string };

function buildLibrary(folder: string): void {
  const options = ['-p', join(root, 'tsconfig.build.json'), '--outDir', folder];
  execFileSync(join(root, 'node_modules/.bin/tsc'), options, { stdio: ['ignore', 'inherit', 'inherit'] });
}

/**
 * The modules of Node that take longest to load, all together longer than Node itself, are loaded when something of
 * theirs is first used: most runs of the command need none of them.
 */
const lazyBuiltins: Plugin = {
  name: 'lazy-builtins',
  setup({ onResolve, onLoad }) {
    const namespace = 'lazy';
    const slow = /^node:(child_process|crypto|net|sqlite|stream|worker_threads|zlib)$/;
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

const common: BuildOptions = {
  absWorkingDir: root,
  outExtension: { '.js': '.cjs' },
  bundle: true,
  platform: 'node',
  logLevel: 'warning',
};
const bundle = {
  ...common,
  target: 'node24',
  // It brings machine code and stays a package.
  external: ['koffi'],
  define: {
    'import.meta.url': 'importMeta.url',
    'import.meta.dirname': '__dirname',
    'process.env.STRATA_VERSION': JSON.stringify(version),
  },
  plugins: [lazyBuiltins],
} satisfies BuildOptions;

/**
 * The command, a chunk for each of its verbs and for the engine, so that a run loads only what it uses. They are
 * CommonJS, whose compiled code Node keeps and which starts sooner; esbuild cuts chunks in ESM only, hence two steps.
 */
async function buildCommand(folder: string): Promise<Metafile> {
  const { outputFiles, metafile } = await build({
    ...bundle,
    entryPoints: [{ in: 'src/cli/main.ts', out: 'strata-main' }],
    outdir: folder,
    format: 'esm',
    splitting: true,
    write: false,
    metafile: true,
  });
  mkdirSync(folder, { recursive: true });
  for (const { path, text } of outputFiles) {
    const { code } = await transform(text, {
      format: 'cjs',
      platform: 'node',
      target: 'node24',
      supported: { 'dynamic-import': false },
    });
    writeFileSync(path, importMeta + code);
  }
  return metafile;
}

/** One file for each worker, beside the command that starts it. */
async function buildWorkers(folder: string): Promise<void> {
  await build({
    ...bundle,
    entryPoints: globSync('src/**/*-worker.ts', { cwd: root }).map((file) => ({
      in: file,
      out: basename(file, '.ts'),
    })),
    outdir: folder,
    format: 'cjs',
    banner: { js: importMeta },
  });
}

/** An old Node has to understand the entry for as long as it takes to say that it is too old. */
async function buildEntry(folder: string): Promise<void> {
  await build({
    ...common,
    entryPoints: [{ in: 'src/cli/entry.ts', out: 'strata' }],
    outdir: folder,
    format: 'cjs',
    target: 'node12',
    define: { 'import.meta.filename': '__filename' },
    banner: { js: '#!/usr/bin/env node' },
  });
  chmodSync(join(folder, 'strata.cjs'), 0o755);
}

/** Licences of the packages inside the bundles, which ask to go along with them. */
function licencesOf({ inputs }: Metafile): string {
  const names = Object.keys(inputs).flatMap(
    (file) => /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules)/.exec(file)?.[1] ?? [],
  );
  return [...new Set(names)]
    .sort()
    .map((name) => `${name}\n\n${readFileSync(join(root, 'node_modules', name, 'LICENSE'), 'utf8')}`)
    .join('\n');
}

rmSync(out, { recursive: true, force: true });
buildLibrary(join(out, 'lib'));
const cli = join(out, 'cli');
writeFileSync(join(cli, 'LICENSES.txt'), licencesOf(await buildCommand(cli)));
await buildWorkers(cli);
await buildEntry(cli);
