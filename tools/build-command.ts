// Builds the command as it is published, and a launcher that runs it on the Node of this checkout.
//   node tools/build-command.ts [folder]     default: dist/launched; prints the launcher's path
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build, type Metafile } from 'esbuild';
import { bundleProgram } from './bundle.ts';

const root = join(import.meta.dirname, '..');

/** Builds the command: `folder/strata.cjs` and the files that it loads. */
export async function buildCommand(folder: string): Promise<void> {
  const metafile = await bundleProgram('src/cli/main.ts', 'strata-main', folder);
  writeFileSync(join(folder, 'LICENSES.txt'), licencesOf(metafile));
  // An old Node must be able to parse the entry, which says that this Node is too old.
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
    // V8 starts with 1 MB for new objects: a short command would collect them once or twice, at 1 to 3 ms each. Without
    // the dashes, Node itself would read --env-file anywhere in the line.
    banner: { js: '#!/usr/bin/env -S node --min-semi-space-size=4 --' },
    logLevel: 'warning',
  });
  chmodSync(join(folder, 'strata.cjs'), 0o755);
}

/**
 * Builds the command in `folder/cli` and returns the path of a launcher beside it. The launcher fixes the Node and the
 * folder of compiled code: the published command takes `node` from PATH and a cache of the user.
 */
export async function buildLaunchedCommand(folder: string): Promise<string> {
  const cli = join(folder, 'cli');
  await buildCommand(cli);
  const [launcher, compiled] = [join(folder, 'strata'), join(folder, 'compiled')];
  const words = [process.execPath, '--min-semi-space-size=4', '--', join(cli, 'strata.cjs')].map(quoteForShell);
  const lines = [
    '#!/bin/sh',
    `export NODE_COMPILE_CACHE=${quoteForShell(compiled)}`,
    `exec ${words.join(' ')} "$@"`,
    '',
  ];
  writeFileSync(launcher, lines.join('\n'), { mode: 0o755 });
  return launcher;
}

/** Quotes a word for a shell. */
const quoteForShell = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

/** Returns the licences of the packages inside the bundles, which require to be passed on with them. */
function licencesOf({ inputs }: Metafile): string {
  const names = Object.keys(inputs).flatMap(
    (file) => /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules)/.exec(file)?.[1] ?? [],
  );
  return [...new Set(names)]
    .sort()
    .map((name) => `${name}\n\n${readFileSync(join(root, 'node_modules', name, 'LICENSE'), 'utf8')}`)
    .join('\n');
}

if (import.meta.main)
  process.stdout.write(`${await buildLaunchedCommand(resolve(process.argv[2] ?? 'dist/launched'))}\n`);
