// The examples of TSDoc are programs: each compiles against the public subpaths alone.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { temporaryFolder } from '../helpers/build-folder.ts';

const root = join(import.meta.dirname, '../..');
const subpaths = globSync('src/*/index.ts', { cwd: root }).map((file) => file.split('/')[1] ?? '');

// Names that an example may use undeclared; an example that declares one hides it.
const given = `import type { Engine, Image } from 'strata-oci';
import type { CacheStore, Result } from 'strata-oci/builder';
import type { Lease, Snapshotter } from 'strata-oci/snapshots';
import type { Digest } from 'strata-oci/spec';
declare global {
  const [bytes, digest, sizeBytes]: readonly [Uint8Array, Digest, number];
  function download(offset: number): AsyncIterable<Uint8Array>;
  const [snapshotter, lease, parentId]: readonly [Snapshotter, Lease, string];
  const cache: CacheStore<Result>;
  const engine: Engine;
  const [image, base, app, debian12_1, debian12_2]: readonly [Image, Image, Image, Image, Image];
}
`;

/** Returns the examples of a file's comments, each with the position of its first line. */
function examplesOf(file: string, text: string): { readonly place: string; readonly code: string }[] {
  return [...text.matchAll(/^ *\* ```ts\n((?: *\*.*\n)*?) *\* ```$/gm)].map(({ index, 1: lines = '' }) => ({
    place: `${file}:${text.slice(0, index).split('\n').length + 1}`,
    code: lines.replaceAll(/^ *\* ?/gm, ''),
  }));
}

/** Returns the exported values of all subpaths: name to subpath. */
async function publicNames(): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const name of subpaths) {
    const exported = (await import(join(root, 'src', name, 'index.ts'))) as object;
    const specifier = name === 'engine' ? 'strata-oci' : `strata-oci/${name}`;
    for (const key of Object.keys(exported)) if (!found.has(key)) found.set(key, specifier);
  }
  return found;
}

/** Returns the compiler's errors in these programs, a line each. */
function complaints(context: TestContext, programs: ReadonlyMap<string, string>): string[] {
  const folder = temporaryFolder(context);
  writeFileSync(join(folder, 'given.d.mts'), given);
  const files = new Map([...programs].map(([place, code], at) => [`example-${at}.mts`, { place, code }]));
  for (const [name, { code }] of files) writeFileSync(join(folder, name), code);
  const compilerOptions = { noUnusedLocals: false, declaration: false, isolatedDeclarations: false };
  const settings = { typeRoots: [join(root, 'node_modules/@types')], ...compilerOptions };
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      extends: join(root, 'tsconfig.json'),
      compilerOptions: settings,
      include: ['*.mts'],
      exclude: [],
    }),
  );
  const { stdout } = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', folder, '--pretty', 'false'], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 1 << 24,
  });
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.replace(/^[^(:]*(?=\()/, (name) => files.get(basename(name))?.place ?? name));
}

/** Returns a module that imports the public names it uses, unless its own imports have them. */
function asProgram(code: string, names: ReadonlyMap<string, string>): string {
  const own = [...code.matchAll(/^import (?:type )?\{([^}]*)\}/gm)].map(([, list = '']) => list).join();
  const used = [...names].filter(
    ([name]) => new RegExp(`(?<![.\\w])${name}(?=[(.<]|\\b)`).test(code) && !new RegExp(`\\b${name}\\b`).test(own),
  );
  return [...used.map(([name, from]) => `import { ${name} } from '${from}';`), code, 'export {};'].join('\n');
}

test('every example of a comment compiles', async (context) => {
  const names = await publicNames();
  const files = globSync('src/**/*.ts', { cwd: root });
  const examples = files.flatMap((file) => examplesOf(file, readFileSync(join(root, file), 'utf8')));
  assert.ok(examples.length >= 15, `${examples.length} examples`);
  const programs = new Map(examples.map(({ place, code }) => [place, asProgram(code, names)]));
  assert.deepEqual(complaints(context, programs), []);
});

test('an example that uses a private name does not compile', async (context) => {
  const code = 'for await (const { path } of image.files()) console.log(displayBytes(path));\n';
  const comment = `/**\n * A file.\n *\n * \`\`\`ts\n * ${code} * \`\`\`\n */\n`;
  const [example] = examplesOf('a.ts', comment);
  assert.deepEqual(example, { place: 'a.ts:5', code });
  const said = complaints(context, new Map([['a.ts:5', asProgram(code, await publicNames())]]));
  assert.deepEqual(
    said.map((line) => line.replace(/\(.*?\)/, '')),
    ["a.ts:5: error TS2304: Cannot find name 'displayBytes'."],
  );
});
