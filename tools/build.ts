// Makes what is published: lib/, the library as ESM with types, cli/, the command as CommonJS, man/ and completions/.
//   node tools/build.ts [folder]     default: dist
import { execFileSync } from 'node:child_process';
import { chmodSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build, type Metafile } from 'esbuild';
import { completionScripts } from '../src/cli/completion/scripts.ts';
import { bundleProgram } from './bundle.ts';
import { writeGuardedEntries } from './guarded-entries.ts';
import { manPages } from './man-pages.ts';

const root = join(import.meta.dirname, '..');
const out = resolve(process.argv[2] ?? join(root, 'dist'));

async function buildLibrary(folder: string): Promise<void> {
  const options = ['-p', join(root, 'tsconfig.build.json'), '--outDir', folder];
  execFileSync(join(root, 'node_modules/.bin/tsc'), options, { stdio: ['ignore', 'inherit', 'inherit'] });
  // A worker starts in half the time from one file, and there is one for every core.
  await build({
    absWorkingDir: root,
    entryPoints: globSync('src/**/*-worker.ts', { cwd: root }),
    outbase: 'src',
    outdir: folder,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    external: ['koffi'],
    logLevel: 'warning',
  });
  await writeGuardedEntries(folder);
}

async function buildCommand(folder: string): Promise<void> {
  const metafile = await bundleProgram('src/cli/main.ts', 'strata-main', folder);
  writeFileSync(join(folder, 'LICENSES.txt'), licencesOf(metafile));
  // An old Node has to understand the entry for as long as it takes to say that it is too old.
  await build({
    absWorkingDir: root,
    entryPoints: [{ in: 'src/cli/entry.ts', out: 'strata' }],
    outdir: folder,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    platform: 'node',
    target: 'node12',
    format: 'cjs',
    define: { 'import.meta.dirname': '__dirname' },
    // V8 begins with room for 1 MB of what is new, and a short command would have it collected once or twice, which takes 1
    // to 3 ms each time. Without the dashes Node itself would read --env-file, wherever it stands.
    banner: { js: '#!/usr/bin/env -S node --min-semi-space-size=4 --' },
    logLevel: 'warning',
  });
  chmodSync(join(folder, 'strata.cjs'), 0o755);
}

/** Manual pages and completion scripts. The pages' date is SOURCE_DATE_EPOCH's where that is set. */
async function writeForShells(folder: string): Promise<void> {
  const epoch = process.env['SOURCE_DATE_EPOCH'];
  const date = epoch === undefined ? new Date() : new Date(Number(epoch) * 1000);
  const completions = [...completionScripts.values()].map(({ file, text }) => [file, text] as const);
  for (const [name, files] of [
    ['man', await manPages(date)],
    ['completions', completions],
  ] as const) {
    mkdirSync(join(folder, name), { recursive: true });
    for (const [file, text] of files) writeFileSync(join(folder, name, file), text);
  }
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
await buildLibrary(join(out, 'lib'));
await buildCommand(join(out, 'cli'));
await writeForShells(out);
