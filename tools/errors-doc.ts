// Writes docs/errors.md from the table of codes and the error literals in src/. `--check` only says whether the page is up to date.
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSync, Visitor } from 'oxc-parser';
import { listKinds } from '../src/errors/codes.ts';

const root = join(import.meta.dirname, '..');
const page = join(root, 'docs/errors.md');

interface Found {
  readonly code: string;
  readonly file: string;
  readonly message: string;
  readonly hint: string;
}

interface Expression {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly consequent?: unknown;
  readonly alternate?: unknown;
}

/** What stands for a hint that the place which throws puts together. */
const computed = '(depends on the case)';

/** Text of a literal or template, or of a constant that is one; every hole becomes `…`. Empty for anything computed. */
function textOf(source: string, node: Expression | undefined): string {
  if (node === undefined) return '';
  if (node.type === 'Identifier') {
    const name = source.slice(node.start, node.end);
    return new RegExp(`^const ${name} = '(.*)';$`, 'm').exec(source)?.[1] ?? '';
  }
  const text = source.slice(node.start, node.end);
  if (node.type === 'Literal' && /^['"]/.test(text)) return text.slice(1, -1).replaceAll("\\'", "'");
  if (node.type === 'TemplateLiteral') return text.slice(1, -1).replace(/\$\{(?:[^{}]|\{[^{}]*\})*\}/g, '…');
  return '';
}

/** Texts that a hint may have: both of `is ? one : other`. A place without one has the empty text. */
function hintsOf(source: string, node: Expression | undefined): string[] {
  if (node === undefined) return [''];
  if (node.type === 'ConditionalExpression')
    return [node.consequent, node.alternate].flatMap((branch) => hintsOf(source, branch as Expression));
  return [textOf(source, node) || (/^(?:''|undefined)$/.test(source.slice(node.start, node.end)) ? '' : computed)];
}

/** Every place in the sources that makes an error of a fixed code. */
export function findErrors(): Found[] {
  const found: Found[] = [];
  for (const file of globSync('src/**/*.ts', { cwd: root }).sort()) {
    const source = readFileSync(join(root, file), 'utf8');
    if (!source.includes('ERR_')) continue;
    new Visitor({
      ObjectExpression(node) {
        const values = new Map<string, Expression>();
        for (const property of node.properties) {
          // `...(hint === undefined ? {} : { hint })`
          if (property.type === 'SpreadElement' && /\bhint\b/.test(source.slice(property.start, property.end)))
            values.set('hint', property.argument);
          if (property.type === 'Property' && property.key.type === 'Identifier')
            values.set(property.key.name, property.value);
        }
        const code = textOf(source, values.get('code'));
        if (!code.startsWith('ERR_')) return;
        const message = textOf(source, values.get('message'));
        for (const hint of hintsOf(source, values.get('hint'))) found.push({ code, file, message, hint });
      },
    }).visit(parseSync(file, source).program);
  }
  return found;
}

/** Other programs and the language of Dockerfiles have flags as well, and a hint may name those. */
const otherFlags =
  /\b(?:ADD|COPY|FROM|RUN|df|docker run|git log|lsattr|mount|skopeo copy|tar|ulimit|zstd)(?: -?\w+)* --?[\w-]+/g;

/** Sentences of the floors below the faces that speak of the command's flags and verbs; there should be none. */
export function commandSpeech(): string[] {
  const files = globSync('src/**/*.ts', { cwd: root, exclude: ['src/cli/**', 'src/testing/**'] }).sort();
  return files.flatMap((file) => {
    const source = readFileSync(join(root, file), 'utf8');
    if (!/[\s'"`(]--?[a-z]|strata [a-z]|STRATA_/.test(source)) return [];
    const found: string[] = [];
    const look = (node: Expression, isHint = false): void => {
      const text = textOf(source, node).replaceAll('\\n', ' ').replace(otherFlags, '');
      if ((isHint || text.endsWith('.')) && /(?:^|[\s'"`(])--?[a-z]|\bstrata [a-z]|STRATA_/.test(text))
        found.push(`${file}: ${text}`);
    };
    new Visitor({
      Literal: (node) => look(node),
      TemplateLiteral: (node) => look(node),
      Property({ key, value }) {
        if (key.type === 'Identifier' && key.name === 'hint') look(value, true);
      },
    }).visit(parseSync(file, source).program);
    return found;
  });
}

/** Codes of the table that no source names; there should be none. */
export function unusedCodes(): string[] {
  const files = globSync('src/**/*.ts', { cwd: root, exclude: ['src/errors/codes.ts'] });
  const sources = files.map((file) => readFileSync(join(root, file), 'utf8')).join('\n');
  return Object.keys(listKinds()).filter((code) => !sources.includes(`'${code}'`));
}

/** One row for each thing that can be done about a code, with what is said then. */
function rowsOf(code: string, kind: string, uses: readonly Found[]): string[] {
  const told = uses.filter(({ message, hint }) => message !== '' || hint !== '');
  const byHint = Map.groupBy(told, ({ hint }) => hint);
  if (byHint.size === 0) return [row(code, kind, [], '')];
  return [...byHint].map(([hint, places]) => row(code, kind, [...new Set(places.map(({ message }) => message))], hint));
}

function row(code: string, kind: string, messages: readonly string[], hint: string): string {
  const cell = (text: string): string => text.replaceAll('|', '\\|');
  const says = messages.filter((text) => text !== '').slice(0, 3);
  return `| \`${code}\` | ${kind} | ${cell(says.join('<br>'))} | ${cell(hint)} |`;
}

export function errorsPage(found: readonly Found[]): string {
  const byCode = Map.groupBy(found, ({ code }) => code);
  const rows = Object.entries(listKinds()).flatMap(([code, kind]) => rowsOf(code, kind, byCode.get(code) ?? []));
  return [
    '# Errors',
    '',
    'Every error of the library is a `StrataError`: match on `code` (stable) or `kind` (one of twelve), never on the text.',
    'Codes and kinds stand in `src/errors/codes.ts`; `node tools/errors-doc.ts` makes this page from there and from the',
    'sources. `…` stands for what the message names. A code has a row for each remedy, with the messages that come with it: an',
    'error has its own as `hint`. A code with a colon is one of another package, such as a storage driver.',
    '',
    '| code | kind | says | what to do |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

if (import.meta.main) {
  const text = errorsPage(findErrors());
  if (process.argv.includes('--check')) {
    if (readFileSync(page, 'utf8') !== text) {
      console.error('docs/errors.md is out of date: run node tools/errors-doc.ts');
      process.exitCode = 1;
    }
  } else writeFileSync(page, text);
}
