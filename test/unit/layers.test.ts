import assert from 'node:assert/strict';
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { findCircles } from '../../tools/circles.ts';
import { findLayerViolations } from '../../tools/layers.ts';
import { temporaryFolder } from '../helpers/build-folder.ts';

test('imports go down only', () => {
  const { files, violations } = findLayerViolations(join(import.meta.dirname, '../..'));
  assert.ok(files > 10, `only ${files} files were looked at`);
  assert.deepEqual(violations, []);
});

test('every folder says what it owns', () => {
  const source = join(import.meta.dirname, '../../src');
  const folders = new Set(globSync('**/*.ts', { cwd: source }).map((file) => dirname(file)));
  assert.ok(folders.size > 40, `only ${folders.size} folders were looked at`);
  for (const folder of folders) {
    const page = join(source, folder, 'README.md');
    assert.ok(existsSync(page), `src/${folder} has no README.md`);
    assert.ok(readFileSync(page, 'utf8').startsWith(`# ${folder}`), `src/${folder}/README.md has another heading`);
  }
});

test('the import rule sees static, dynamic, type-only and re-exported imports', (context) => {
  const root = temporaryFolder(context);
  mkdirSync(join(root, 'src/spec'), { recursive: true });
  mkdirSync(join(root, 'src/layer'), { recursive: true });
  writeFileSync(
    join(root, 'src/spec/a.ts'),
    "import 'node:fs';\nimport type { X } from '../layer/b.ts';\nexport type Y = X;\n",
  );
  writeFileSync(
    join(root, 'src/layer/b.ts'),
    "export type X = 1;\nexport { z } from '../engine/c.ts';\nexport const d = import('../cli/e.ts');\n",
  );
  const found = findLayerViolations(root).violations.map((violation) => `${violation.file} ${violation.specifier}`);
  assert.deepEqual(found.sort(), [
    'src/layer/b.ts ../cli/e.ts',
    'src/layer/b.ts ../engine/c.ts',
    'src/spec/a.ts ../layer/b.ts',
    'src/spec/a.ts node:fs',
  ]);
});

test('nothing imports itself in a circle, not even types or what is loaded late', () => {
  assert.deepEqual(findCircles(join(import.meta.dirname, '../..')), []);
});

test('a circle is found through any kind of import', (context) => {
  const root = temporaryFolder(context);
  const files = {
    'src/spec/a.ts': "import type { B } from './b.ts';",
    'src/spec/b.ts': "export { c } from './c.ts';",
    'src/spec/c.ts': "export const c = () => import('./a.ts');",
    'src/spec/d.ts': "import './a.ts';",
    'src/spec/own.ts': "import type { Own } from './own.ts';",
  };
  mkdirSync(join(root, 'src/spec'), { recursive: true });
  for (const [file, text] of Object.entries(files)) writeFileSync(join(root, file), text);
  const found = findCircles(root).map((circle) => circle.toSorted());
  assert.deepEqual(found, [['src/spec/a.ts', 'src/spec/b.ts', 'src/spec/c.ts'], ['src/spec/own.ts']]);
});

test('a snapshot is looked into by the store alone', (context) => {
  const root = temporaryFolder(context);
  for (const file of ['store/trees.ts', 'builder/a.ts', 'snapshots/b.ts']) {
    mkdirSync(join(root, 'src', dirname(file)), { recursive: true });
    writeFileSync(join(root, 'src', file), "import { openTree } from '../snapshots/open-tree.ts';");
  }
  const found = findLayerViolations(root).violations.map(({ file, why }) => `${file}: ${why}`);
  assert.deepEqual(found, [
    'src/builder/a.ts: src/snapshots/open-tree.ts is reached by src/store/trees.ts and src/store/store-trees.ts',
  ]);
});

test('a face reaches the engine by its facade alone', (context) => {
  const root = temporaryFolder(context);
  const lines = [
    "import type { A } from '../engine/index.ts';",
    "import type { B } from '../engine/containers/verbs/start.ts';",
    "export { errnoOf } from '../sys/errno.ts';",
    "import { JobThread } from '../sys/worker/job-thread.ts';",
    "export const c = () => import('../images/index.ts');",
    "import type { D } from '../query/filters.ts';",
    "import { e } from '../lib/abort.ts';",
  ];
  for (const face of ['cli', 'api']) {
    mkdirSync(join(root, 'src', face), { recursive: true });
    writeFileSync(join(root, 'src', face, 'a.ts'), lines.join('\n'));
  }
  const found = findLayerViolations(root).violations.map(({ file, specifier }) => `${file} ${specifier}`);
  assert.deepEqual(found.toSorted(), [
    'src/api/a.ts ../engine/containers/verbs/start.ts',
    'src/api/a.ts ../images/index.ts',
    'src/api/a.ts ../sys/errno.ts',
    'src/cli/a.ts ../engine/containers/verbs/start.ts',
    'src/cli/a.ts ../images/index.ts',
    'src/cli/a.ts ../sys/worker/job-thread.ts',
  ]);
});
