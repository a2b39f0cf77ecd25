// Writes docs/errors.md from the table of codes and the error literals in src/. `--check` only checks that the page is
// up to date.
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSync, Visitor } from 'oxc-parser';
import { listKinds } from '../src/errors/codes.ts';
import { errnoName, SyscallError } from '../src/sys/errno.ts';
import { ErrorTexts } from './error-texts.ts';

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
}

/** Returns the text of a literal or template, with `…` for every hole; empty for any other expression. */
function textOf(source: string, node: Expression): string {
  const text = source.slice(node.start, node.end);
  if (node.type === 'Literal' && /^['"]/.test(text)) return text.slice(1, -1).replaceAll("\\'", "'");
  if (node.type === 'TemplateLiteral') return text.slice(1, -1).replace(/\$\{(?:[^{}]|\{[^{}]*\})*\}/g, '…');
  return '';
}

/** Returns every error that the sources create, with each text of its message and its hint. */
export function findErrors(): Found[] {
  const written = [...new ErrorTexts(root).errors()].flatMap(({ file, codes, messages, hints }) =>
    codes.flatMap((code) =>
      messages.flatMap((message) => hints.map((hint) => ({ code, file, message: flat(message), hint: flat(hint) }))),
    ),
  );
  return [...written, ...findSyscallErrors()];
}

/** Returns the error of a failed system call for each error number with a name. */
function findSyscallErrors(): Found[] {
  const numbers = Array.from({ length: 200 }, (_, number) => number).filter(
    (number) => errnoName(number) !== undefined,
  );
  return numbers.map((errno) => {
    const { code, message, hint = '' } = new SyscallError({ syscall: '…', path: '…', errno });
    return { code, file: 'src/sys/errno.ts', message, hint };
  });
}

/** Returns a text as one line of a table; adjacent holes become one. */
const flat = (text: string): string => text.replaceAll('\n', ' ').replace(/…+/g, '…').trim();

/** Flags of other programs and of Dockerfile instructions, which a hint may name. */
const otherFlags =
  /\b(?:ADD|COPY|FROM|RUN|df|docker run|git log|lsattr|mount|skopeo copy|tar|ulimit|zstd)(?: -?\w+)* --?[\w-]+/g;

/** Returns texts below the faces that name flags or verbs of the command; the list should be empty. */
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

/** Returns the codes that no source uses; the list should be empty. */
export function unusedCodes(): string[] {
  const files = globSync('src/**/*.ts', { cwd: root, exclude: ['src/errors/codes.ts'] });
  const sources = files.map((file) => readFileSync(join(root, file), 'utf8')).join('\n');
  return Object.keys(listKinds()).filter((code) => !sources.includes(`'${code}'`));
}

/** Returns a row for each hint of a code, with the messages that have this hint. */
function rowsOf(code: string, kind: string, uses: readonly Found[]): string[] {
  const byHint = Map.groupBy(uses, ({ hint }) => hint);
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
    'Every error of the library is a `StrataError`. Match on its `code`, which never changes, or on its `kind` (one of twelve), never',
    'on its text. Its `hint` says what to do; the command adds what to type.',
    '',
    'A code has a row for each remedy, with up to three of the messages that come with it. `…` stands for a name or a number. A code with a',
    'colon belongs to another package, such as a storage driver. This page is made from the sources by `node tools/errors-doc.ts`.',
    '',
    '| code | kind | message | what to do |',
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
