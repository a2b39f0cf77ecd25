import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const { exports } = JSON.parse(read('package.json')) as {
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
};
const facade = 'engine';
const folders = globSync('src/*/index.ts', { cwd: root }).map((file) => file.split('/')[1] ?? '');

test('every folder with an index is a subpath of the package, the engine its root', () => {
  const subpaths = folders.map((name) => (name === facade ? '.' : `./${name}`));
  assert.deepEqual(
    Object.keys(exports)
      .filter((key) => key !== './package.json')
      .toSorted(),
    subpaths.toSorted(),
  );
});

// What runs anywhere; the rest looks at the version of Node first (tools/guarded-entries.ts).
const { include: pure } = JSON.parse(read('tsconfig.pure.json')) as { readonly include: readonly string[] };

test('a subpath is the built index of its folder, with types', () => {
  for (const [subpath, target] of Object.entries(exports)) {
    if (subpath === './package.json') continue;
    const name = subpath === '.' ? facade : subpath.slice(2);
    const file = pure.includes(`src/${name}`) ? 'index' : 'entry';
    assert.deepEqual(target, { types: `./dist/lib/${name}/index.d.ts`, default: `./dist/lib/${name}/${file}.js` });
  }
});

test('both READMEs name the subpaths', () => {
  const wanted = folders.filter((name) => name !== facade);
  for (const file of ['README.md', 'README.zh-CN.md']) {
    const named = read(file).matchAll(/`(?:strata-oci)?\/([a-z-]+)`/g);
    assert.deepEqual(new Set([...named].map(([, name]) => name)), new Set(wanted), file);
  }
});
