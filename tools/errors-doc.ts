// Writes docs/errors.md from the table of codes and the error literals in src/. `--check` only says whether the page is up to date.
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSync, Visitor } from 'oxc-parser';
import { kinds } from '../src/errors/codes.ts';

const root = join(import.meta.dirname, '..');
const page = join(root, 'docs/errors.md');

interface Found {
  readonly code: string;
  readonly file: string;
  readonly message: string;
  readonly hint: string;
}

type Expression = { readonly type: string; readonly start: number; readonly end: number };

/** Text of a literal or template; every hole becomes `…`. Empty for anything computed. */
function textOf(source: string, node: Expression | undefined): string {
  if (node === undefined) return '';
  const text = source.slice(node.start, node.end);
  if (node.type === 'Literal' && /^['"]/.test(text)) return text.slice(1, -1).replaceAll("\\'", "'");
  if (node.type === 'TemplateLiteral') return text.slice(1, -1).replace(/\$\{(?:[^{}]|\{[^{}]*\})*\}/g, '…');
  return '';
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
          if (property.type === 'Property' && property.key.type === 'Identifier')
            values.set(property.key.name, property.value);
        }
        const code = textOf(source, values.get('code'));
        if (!code.startsWith('ERR_')) return;
        found.push({
          code,
          file,
          message: textOf(source, values.get('message')),
          hint: textOf(source, values.get('hint')),
        });
      },
    }).visit(parseSync(file, source).program);
  }
  return found;
}

/** Codes of the table that no source names; there should be none. */
export function unusedCodes(): string[] {
  const files = globSync('src/**/*.ts', { cwd: root, exclude: ['src/errors/codes.ts'] });
  const sources = files.map((file) => readFileSync(join(root, file), 'utf8')).join('\n');
  return Object.keys(kinds).filter((code) => !sources.includes(`'${code}'`));
}

export function errorsPage(found: readonly Found[]): string {
  const byCode = Map.groupBy(found, ({ code }) => code);
  const cell = (text: string): string => text.replaceAll('|', '\\|');
  const rows = Object.entries(kinds).map(([code, kind]) => {
    const uses = byCode.get(code) ?? [];
    const messages = [...new Set(uses.map((use) => use.message).filter((text) => text !== ''))].slice(0, 3);
    const hint = uses.find((use) => use.hint !== '')?.hint ?? '';
    return `| \`${code}\` | ${kind} | ${cell(messages.join('<br>'))} | ${cell(hint)} |`;
  });
  return [
    '# Errors',
    '',
    'Every error of the library is a `StrataError`: match on `code` (stable) or `kind` (one of twelve), never on the text.',
    'Codes and kinds stand in `src/errors/codes.ts`; `node tools/errors-doc.ts` makes this page from there and from the',
    'sources. `…` stands for what the message names. A code with a colon is one of another package, such as a storage driver.',
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
