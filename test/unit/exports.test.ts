import assert from 'node:assert/strict';
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { Engine } from '../../src/engine/index.ts';
import { findHiddenTypes } from '../../tools/public-types.ts';
import { temporaryFolder } from '../helpers/build-folder.ts';

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

// Folders that run everywhere; the entries of the others check the version of Node first (tools/guarded-entries.ts).
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

test('the driver of the tests imports only exports of the package', () => {
  const files = globSync('test/helpers/ext4-driver/*.ts', { cwd: root });
  const named = files.flatMap((file) => [...read(file).matchAll(/ from '(.*?)';/g)].map(([, name = '']) => name));
  const inside = named.filter((name) => name.startsWith('.') && !name.startsWith('./'));
  assert.ok(inside.length > 0);
  for (const name of inside)
    assert.ok(
      folders.some((folder) => name === `../../../src/${folder}/index.ts`),
      name,
    );
});

test('every type that a public signature names can be imported', () => {
  assert.deepEqual(findHiddenTypes(root), []);
});

test('the search for hidden types sees every place where a signature names one', (context) => {
  const folder = temporaryFolder(context);
  const files = {
    'src/lib/kinds.ts': 'export interface A {} export interface B {} export interface C {} export class D {}',
    'src/images/index.ts': "export { type E, F, Made as H } from './all.ts';\nexport type { Made } from './all.ts';",
    'src/images/all.ts': [
      "import type { A, B, C, D } from '../lib/kinds.ts';",
      "import type { Public } from '../spec/index.ts';",
      'interface Local { readonly b: B }',
      'export interface E extends A { readonly local: Local; readonly open: Public; readonly list: Promise<Local[]> }',
      'export class F extends D { readonly #c: C; private b(): B {} static one(): void { const x: C = 1; } own<T>(t: T): T {} }',
      'export class Made { constructor(c: C) {} static of(a: A): Made {} }',
    ].join('\n'),
    'src/spec/index.ts': "export type { Public } from './public.ts';",
    'src/spec/public.ts': 'export interface Public {}',
  };
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(join(folder, dirname(file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
  const found = findHiddenTypes(folder).map(({ by, type }) => `${by} names ${type}`);
  assert.deepEqual(found.toSorted(), ['E names A', 'E names Local', 'F names D', 'H names A', 'H names C']);
});

/** Returns the names that may follow `engine.`: its own members, and those of each noun. */
function facadeNames(engine: Engine): ReadonlySet<string> {
  const methods = (of: object): string[] => Object.getOwnPropertyNames(Object.getPrototypeOf(of));
  const nouns = Object.entries(engine).map(([noun, value]: [string, object]) => ({ noun, value }));
  return new Set([
    ...methods(engine),
    ...Object.getOwnPropertyNames(Engine),
    ...nouns.flatMap(({ noun, value }) => [noun, ...methods(value).map((verb) => `${noun}.${verb}`)]),
    ...Object.keys(engine.layout).map((name) => `layout.${name}`),
  ]);
}

const ofEngine = /\b[Ee]ngine\.((?!ts\b)[a-z]\w*(?:\.[a-z]\w*)?)/g;
const ofNoun = /`((?:images|containers|builder|system)\.[a-z][A-Za-z]*)\b/g;

/** Returns each `engine.noun.verb` and `noun.verb` in a text, except in the left column of tables "old | new". */
function verbsIn(text: string): string[] {
  const now = text.replaceAll(/^ +\|.*?(?<!\\)\|/gm, '');
  return [...now.matchAll(ofEngine), ...now.matchAll(ofNoun)].flatMap(([, name]) => name ?? []);
}

test('documents and comments name verbs that the engine has', async (context) => {
  await using engine = await Engine.open({ root: join(temporaryFolder(context), 'none'), configurationFile: false });
  const known = facadeNames(engine);
  assert.ok(known.has('images.inspect') && known.has('events') && known.has('open'), 'the facade is read');
  const files = globSync(['docs/*.md', '*.md', 'examples/**/*.{md,ts}', 'src/**/*.{md,ts}'], { cwd: root });
  const named = files.flatMap((file) => verbsIn(read(file)).map((name) => ({ file, name })));
  assert.ok(named.length > 50, `${named.length} are named`);
  assert.deepEqual(
    named.filter(({ name }) => !known.has(name)),
    [],
  );
});

test('a removed verb is found, except in a table with its new name', () => {
  const text =
    '  | `engine.build` | `engine.builder.build`, `x.y` |\n`engine.tag(…)` and engine/engine.ts, Engine.open(), `images.load`';
  assert.deepEqual(verbsIn(text), ['builder.build', 'tag', 'open', 'images.load']);
});
