import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { runInThisContext } from 'node:vm';
import { linkChunks } from '../../tools/link-chunks.ts';

interface Ran {
  readonly parts: readonly unknown[];
  /** Modules of Node in the order of their loading. */
  readonly asked: readonly string[];
}

/** Runs chunks, of which `main.js` is the first, with the global `told` as their way to tell something. */
function run(chunks: Readonly<Record<string, string>>): Ran {
  const text = linkChunks(new Map(Object.entries(chunks)), 'main.js', '');
  const asked: string[] = [];
  const require = createRequire(import.meta.url);
  const exports = { parts: [] as readonly unknown[] };
  const program = runInThisContext(`(function (exports, require) {${text}})`) as (...given: unknown[]) => void;
  program(exports, (name: string): unknown => {
    asked.push(name);
    return require(name) as unknown;
  });
  return { parts: exports.parts, asked };
}

const shared = globalThis as { told?: unknown };

test('chunks run when they are first asked for, and once', async () => {
  const told: string[] = [];
  shared.told = told;
  const { parts } = run({
    'late.js': `import{a}from"./shared.js";told.push('late');export{a as again};`,
    'main.js': `import{a as first,b}from"./shared.js";import"./beside.js";told.push('main '+first+b());
      import("./late.js").then(({again})=>import("./late.js").then(()=>told.push('then '+again)));`,
    'shared.js': `told.push('shared');var x=1;function y(){return 2}export{x as a,y as b};`,
    'beside.js': `import{a}from"./shared.js";told.push('beside '+a);`,
    'never.js': `told.push('never');`,
  });
  assert.deepEqual(told, ['shared', 'beside 1', 'main 12', 'late']);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(told, ['shared', 'beside 1', 'main 12', 'late', 'then 1']);
  assert.deepEqual(Object.keys(parts), ['0', '1', '2', '3']);
});

test('a module of Node is loaded at its first use, in any form', () => {
  const told: Record<string, unknown> = {};
  shared.told = told;
  const { asked } = run({
    'main.js': `import{createHash}from"node:crypto";import{hash as short}from"node:crypto";import{AsyncResource,executionAsyncId}from"node:async_hooks";
      import os from"node:os";import*as url from"node:url";import{join}from"node:path";
      told.hash=()=>createHash("sha256").update("x").digest("hex");
      told.short=()=>({short}).short("sha256","x");
      told.make=()=>new AsyncResource("X");
      told.keys=()=>({os:1,createHash(){return 2},[join("a","b")]:url.URL.name});
      told.member={createHash:3}.createHash;
      told.type=class extends AsyncResource{};
      label:for(;;)break label;`,
  });
  assert.deepEqual(asked, ['node:path', 'node:async_hooks']);
  const hex = createHash('sha256').update('x').digest('hex');
  const { hash, short, make, keys, member } = told as Readonly<Record<string, () => unknown>>;
  assert.equal(hash?.(), hex);
  assert.equal(short?.(), hex);
  assert.equal((make?.() as object | undefined)?.constructor.name, 'AsyncResource');
  assert.equal(JSON.stringify(keys?.()), '{"os":1,"a/b":"URL"}');
  assert.equal(member, 3);
  assert.deepEqual(asked, ['node:path', 'node:async_hooks', 'node:crypto', 'node:url']);
});

test('chunks that cannot be linked faithfully are refused', () => {
  const refused = (chunks: Readonly<Record<string, string>>, why: RegExp): void =>
    assert.throws(() => linkChunks(new Map(Object.entries(chunks)), 'main.js', ''), why);
  refused(
    { 'main.js': `import"./a.js";`, 'a.js': `import"./main.js";` },
    /import each other: main\.js > a\.js > main\.js/,
  );
  refused({ 'main.js': `import x from"koffi";x();` }, /imports koffi/);
  refused({ 'main.js': `import*as a from"./a.js";a.b();`, 'a.js': '' }, /imports all of another chunk/);
  refused({ 'main.js': `import{join}from"node:path";told=(join)=>join;` }, /main\.js: join is a module's/);
  refused({ 'main.js': `import{join}from"node:path";try{}catch({join}){}` }, /join is a module's/);
  refused({ 'main.js': `import("node:path");` }, /import of node:path when it runs/);
  refused({ 'main.js': `told="\u2026";` }, /not ASCII/);
  refused({ 'main.js': `told=;` }, /main\.js/);
});
