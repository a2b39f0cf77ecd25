// Links the ESM chunks of a bundle into one CommonJS file.
import { type ImportDeclaration, parseSync } from 'oxc-parser';
import { type Edit, lateImports, moduleDefinition, nameOf } from './late-imports.ts';

/**
 * Links chunks into one file, in which each chunk is a function that runs once, on its first import. Imported names
 * become constants of the importing chunk. To find, read and check thirty files of a few kB, and to pass names on by
 * live bindings as bundlers do, would be a tenth of the cost of a short command. The file runs `start` when it is
 * loaded, and exports the chunks that have run. Chunks are keyed by the names by which they import each other.
 */
export function linkChunks(chunks: ReadonlyMap<string, string>, start: string, head: string): string {
  const names = [...chunks.keys()];
  const numbers = new Map(names.map((name, number) => [`./${name}`, number]));
  const linked = names.map((name) => linkChunk(name, chunks.get(name) ?? '', numbers));
  refuseCycles(names, linked);
  const modules = new Set(linked.flatMap(({ modules }) => modules));
  const text = `"use strict";
${head}${[...modules].sort().map(moduleDefinition).join('\n')}
const $chunks = [
${linked.map(({ code }) => code).join(',\n')}
];
const $loaded = [];
function $load(number) {
  let exports = $loaded[number];
  if (exports === undefined) $chunks[number](exports = $loaded[number] = {});
  return exports;
}
const $import = async (number) => $load(number);
exports.parts = $loaded;
$load(${numbers.get(`./${start}`)});
`;
  // Node reads an ASCII file at one byte a character. A single other character would make V8 take two for each.
  const strange = /[\u0080-\uffff]/.exec(text);
  if (strange) throw new Error(`${start}: not ASCII: ${text.slice(strange.index - 40, strange.index + 9)}`);
  return text;
}

interface Linked {
  readonly code: string;
  /** Chunks that it loads before it runs. */
  readonly needs: readonly number[];
  /** Modules of Node that it may use. */
  readonly modules: readonly string[];
}

function linkChunk(name: string, text: string, numbers: ReadonlyMap<string, number>): Linked {
  const { program, module, errors } = parseSync(name, text, { sourceType: 'module' });
  if (errors[0]) throw new Error(`${name}: ${errors[0].message}`);
  const edits: Edit[] = [];
  const needs: number[] = [];
  const others: ImportDeclaration[] = [];
  let exported = '';
  for (const statement of program.body) {
    const { start, end } = statement;
    if (statement.type === 'ImportDeclaration') {
      const number = numbers.get(statement.source.value);
      if (number === undefined) others.push(statement);
      else {
        needs.push(number);
        edits.push({ start, end, by: loadOf(statement, number, name) });
      }
    } else if (statement.type === 'ExportNamedDeclaration') {
      for (const { local, exported: as } of statement.specifiers)
        exported += `$exports.${nameOf(as)}=${nameOf(local)};`;
      edits.push({ start, end, by: '' });
    }
  }
  for (const { start, end, moduleRequest } of module.dynamicImports) {
    const specifier = text.slice(moduleRequest.start + 1, moduleRequest.end - 1);
    const number = numbers.get(specifier);
    if (number === undefined) throw new Error(`${name}: import of ${specifier} when it runs`);
    edits.push({ start, end, by: `$import(${number})` });
  }
  edits.push(...lateImports(program, others, name));
  let code = text;
  for (const { start, end, by } of edits.sort((a, b) => b.start - a.start)) {
    code = code.slice(0, start) + by + code.slice(end);
  }
  const modules = others.map(({ source }) => source.value);
  return { code: `function($exports) {\n${code.trimEnd()};${exported}}`, needs, modules };
}

function loadOf({ specifiers }: ImportDeclaration, number: number, chunk: string): string {
  const members = specifiers.map((specifier) => {
    if (specifier.type !== 'ImportSpecifier') throw new Error(`${chunk}: imports all of another chunk`);
    const imported = nameOf(specifier.imported);
    return imported === specifier.local.name ? imported : `${imported}:${specifier.local.name}`;
  });
  return members.length > 0 ? `const {${members.join()}}=$load(${number});` : `$load(${number});`;
}

/** Refuses chunks that import each other: a chunk exports nothing before it has run. */
function refuseCycles(names: readonly string[], linked: readonly Linked[]): void {
  const done = new Set<number>();
  const visit = (number: number, above: readonly number[]): void => {
    if (above.includes(number)) {
      throw new Error(`chunks import each other: ${[...above, number].map((it) => names[it]).join(' > ')}`);
    }
    if (done.has(number)) return;
    done.add(number);
    for (const need of linked[number]?.needs ?? []) visit(need, [...above, number]);
  };
  for (const number of linked.keys()) visit(number, []);
}
