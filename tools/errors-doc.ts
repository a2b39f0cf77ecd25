// Writes docs/errors.md from the error literals in src/. `--check` only says whether the page is up to date.
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSync, Visitor } from 'oxc-parser';

const root = join(import.meta.dirname, '..');
const page = join(root, 'docs/errors.md');

interface Found {
  readonly code: string;
  readonly kind: string;
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
        const kind = textOf(source, values.get('kind'));
        if (!code.startsWith('ERR_')) return;
        found.push({
          code,
          kind,
          file,
          message: textOf(source, values.get('message')),
          hint: textOf(source, values.get('hint')),
        });
      },
    }).visit(parseSync(file, source).program);
  }
  return found;
}

/** Codes whose literals name different kinds; there should be none. */
export function contradictions(found: readonly Found[]): string[] {
  const kinds = new Map<string, Set<string>>();
  for (const { code, kind } of found) if (kind !== '') kinds.set(code, (kinds.get(code) ?? new Set()).add(kind));
  return [...kinds].filter(([, set]) => set.size > 1).map(([code, set]) => `${code}: ${[...set].join(', ')}`);
}

export function errorsPage(found: readonly Found[]): string {
  const byCode = Map.groupBy(found, ({ code }) => code);
  const cell = (text: string): string => text.replaceAll('|', '\\|');
  const rows = [...byCode]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, uses]) => {
      const kind = uses.find((use) => use.kind !== '')?.kind ?? '';
      const messages = [...new Set(uses.map((use) => use.message).filter((text) => text !== ''))].slice(0, 3);
      const hint = uses.find((use) => use.hint !== '')?.hint ?? '';
      return `| \`${code}\` | ${kind} | ${cell(messages.join('<br>'))} | ${cell(hint)} |`;
    });
  return [
    '# Errors',
    '',
    'Every error of the library is a `StrataError`: match on `code` (stable) or `kind` (one of twelve), never on the text.',
    'Made by `node tools/errors-doc.ts` from the sources; `…` stands for what the message names.',
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
