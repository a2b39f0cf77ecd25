import assert from 'node:assert/strict';
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { findLayerViolations } from '../../tools/layers.ts';

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
  const root = mkdtempSync(join(tmpdir(), 'strata-layers-'));
  context.after(() => rmSync(root, { recursive: true }));
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
