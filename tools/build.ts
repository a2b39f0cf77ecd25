// Builds the published files: lib/ (the library, ESM with types), cli/ (the command, CommonJS), man/ and completions/.
//   node tools/build.ts [folder]     default: dist
import { execFileSync } from 'node:child_process';
import { globSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { completionScripts } from '../src/cli/completion/scripts.ts';
import { buildCommand } from './build-command.ts';
import { writeGuardedEntries } from './guarded-entries.ts';
import { manPages } from './man-pages.ts';

const root = join(import.meta.dirname, '..');
const out = resolve(process.argv[2] ?? join(root, 'dist'));

async function buildLibrary(folder: string): Promise<void> {
  const options = ['-p', join(root, 'tsconfig.build.json'), '--outDir', folder];
  execFileSync(join(root, 'node_modules/.bin/tsc'), options, { stdio: ['ignore', 'inherit', 'inherit'] });
  // A worker starts in half the time from one file, and every core has a worker.
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

/** Writes manual pages and completion scripts. SOURCE_DATE_EPOCH sets the date of the pages. */
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

rmSync(out, { recursive: true, force: true });
await buildLibrary(join(out, 'lib'));
await buildCommand(join(out, 'cli'));
await writeForShells(out);
