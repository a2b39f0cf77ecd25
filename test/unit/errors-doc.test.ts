import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { listKinds } from '../../src/errors/codes.ts';
import { commandSpeech, errorsPage, findErrors, unusedCodes } from '../../tools/errors-doc.ts';

const found = findErrors();

test('docs/errors.md lists every error code of the sources', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/errors.md'), 'utf8');
  assert.ok(page === errorsPage(found), 'out of date: run node tools/errors-doc.ts');
});

test('each remedy of a code has a row, with what is said when it helps', () => {
  const [code, file] = ['ERR_IMAGE_NOT_FOUND', 'x.ts'];
  const page = errorsPage([
    { code, file, message: 'no such image', hint: 'List them.' },
    { code, file, message: 'not for this platform', hint: 'Leave it out.' },
    { code, file, message: 'no image', hint: 'List them.' },
  ]);
  assert.deepEqual(
    page.split('\n').filter((line) => line.includes(code)),
    [
      `| \`${code}\` | not-found | no such image<br>no image | List them. |`,
      `| \`${code}\` | not-found | not for this platform | Leave it out. |`,
    ],
  );
});

// Codes without a hint, with the reason.
const withoutHint = new Map([
  ['ERR_DOCKERFILE_STAGE', 'docker says what to write'],
  ['ERR_DOCKERFILE_SYNTAX', 'docker says what is missing'],
  ['ERR_FILTER_INVALID', 'docker names the filter'],
  ['ERR_OUTPUT_IS_TERMINAL', 'docker says what to do'],
  ['ERR_REFERENCE_INVALID', 'docker says what is wrong with the name of a stage'],
  ['ERR_RUN_FAILED', 'the output of the command says why'],
  ['ERR_USAGE', 'the options that exclude each other are named'],
]);

test('every error has a message, and a hint that says what to do', () => {
  const said = new Set(found.filter(({ message }) => message !== '').map(({ code }) => code));
  assert.deepEqual(
    Object.keys(listKinds()).filter((code) => !said.has(code)),
    [],
  );
  const hintless = found.filter(({ code, hint }) => hint === '' && !code.startsWith('ERR_SYSCALL_'));
  const codes = new Set(hintless.map(({ code }) => code));
  assert.deepEqual([...codes].sort(), [...withoutHint.keys()]);
});

test('every error code of the table is thrown somewhere', () => {
  assert.deepEqual(unusedCodes(), []);
});

test('no hint below the faces speaks of flags or verbs of the command', () => {
  assert.deepEqual(commandSpeech(), []);
});

// Codes of Node that comments mention.
const codesOfNode = ['ERR_STREAM_PUSH_AFTER_EOF', 'ERR_WORKER_INIT_FAILED'];

test('every code that a comment or a document names is one of the table', () => {
  const root = join(import.meta.dirname, '../..');
  const files = globSync(
    ['src/**/*.{ts,md}', 'docs/*.md', 'README*.md', 'CONTRIBUTING.md', 'examples/**/*.{ts,js,md}'],
    { cwd: root },
  );
  assert.ok(files.length > 700, `only ${files.length} files were looked at`);
  const known = [...Object.keys(listKinds()), ...codesOfNode];
  const unknown = files.flatMap((file) =>
    [...readFileSync(join(root, file), 'utf8').matchAll(/(?<![\w:])ERR_[A-Z0-9_]+/g)]
      .map(([code]) => code)
      // ERR_ARCHIVE_* means all codes with this prefix.
      .filter((code) => !known.some((one) => one === code || (code.endsWith('_') && one.startsWith(code))))
      .map((code) => `${file} names ${code}`),
  );
  assert.deepEqual(unknown, []);
});
