// Makes dist/: the library as ESM with types, and the command as one CommonJS bundle behind a tiny entry.
import { execFileSync } from 'node:child_process';
import { chmodSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');
rmSync(dist, { recursive: true, force: true });

execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', join(root, 'tsconfig.build.json')], { stdio: 'inherit' });

// Workers are bundled beside the command under their own names; see each `*-worker.ts` for who starts them.
const workers = globSync('src/**/*-worker.ts', { cwd: root });
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

await build({
  absWorkingDir: root,
  entryPoints: [
    { in: 'src/cli/main.ts', out: 'strata-main' },
    ...workers.map((file) => ({ in: file, out: file.replace(/^.*\//, '').replace(/\.ts$/, '') })),
  ],
  outdir: join(dist, 'cli'),
  outExtension: { '.js': '.cjs' },
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'cjs',
  external: ['koffi'],
  define: { 'import.meta.url': 'importMetaUrl', 'import.meta.dirname': '__dirname', 'process.env.STRATA_VERSION': JSON.stringify(version) },
  banner: { js: "const importMetaUrl = require('node:url').pathToFileURL(__filename).href;" },
  logLevel: 'warning',
});

// Compiled code is kept between runs: of all that start-up costs, parsing is the part that can be saved.
writeFileSync(
  join(dist, 'cli/strata.cjs'),
  [
    '#!/usr/bin/env node',
    "'use strict';",
    "const { versions } = process;",
    "if (Number(versions.node.split('.')[0]) < 24) {",
    "  process.stderr.write('strata: needs Node 24 or later, this is ' + versions.node + '\\n');",
    '  process.exit(125);',
    '}',
    "require('node:module').enableCompileCache();",
    "require('./strata-main.cjs');",
    '',
  ].join('\n'),
);
chmodSync(join(dist, 'cli/strata.cjs'), 0o755);
