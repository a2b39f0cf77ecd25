import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Command } from 'commander';
import { commandTable } from '../../src/cli/command-table.ts';
import type { CliContext } from '../../src/cli/context.ts';
import { examples } from '../../src/cli/examples.ts';
import { explicitBooleans } from '../../src/cli/flags/flags.ts';
import { defineProgram } from '../../src/cli/program.ts';
import { manPages } from '../../tools/man-pages.ts';
import { needs } from '../helpers/needs.ts';

const pages = await manPages(new Date(0));
const packageFile = join(import.meta.dirname, '../../package.json');

test('package.json names every manual page, so that npm installs it', () => {
  const { man } = JSON.parse(readFileSync(packageFile, 'utf8')) as { readonly man: readonly string[] };
  assert.deepEqual(man.toSorted(), [...pages.keys()].map((file) => `dist/man/${file}`).sort());
});

async function verbOf(path: readonly string[]): Promise<{ readonly program: Command; readonly verb: Command }> {
  const program = new Command('strata').exitOverride();
  await defineProgram(program, {} as CliContext, path);
  const verb = path.reduce((at, word) => at.commands.find((one) => one.name() === word) ?? assert.fail(word), program);
  return { program, verb };
}

test('a page has every name of its verb, and every flag and argument that its help shows', async () => {
  for (const { names, isInternal } of commandTable) {
    if (isInternal === true) continue;
    const [first = []] = names;
    const page = (pages.get(`strata-${first.join('-')}.1`) ?? '').replaceAll('\\-', '-');
    const { verb } = await verbOf(first);
    for (const path of names)
      assert.match(page, new RegExp(`^strata.*\\bstrata-${path.join('-')}\\b|^strata-${path.join('-')}\\b`, 'm'));
    for (const { long } of verb.createHelp().visibleOptions(verb))
      assert.ok(page.includes(`\\fB${long}\\fR`), `${first.join(' ')} ${long}`);
    for (const argument of verb.registeredArguments)
      assert.ok(page.includes(`\\fI${argument.name()}\\fR`), argument.name());
  }
});

test('pages are clean manual pages', { skip: needs('mandoc') }, (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'strata-man-'));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const [file, text] of pages) writeFileSync(join(folder, file), text);
  const { stdout, stderr, status } = spawnSync('mandoc', ['-T', 'lint', '-W', 'warning', ...pages.keys()], {
    cwd: folder,
    encoding: 'utf8',
  });
  assert.deepEqual({ stdout, stderr, status }, { stdout: '', stderr: '', status: 0 });
});

/** Splits a shell line into words, with the quotes that examples use. */
const wordsOf = (line: string): string[] =>
  (line.match(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g) ?? []).map((word) => word.replaceAll(/['"]/g, ''));

test('every verb has examples, and each is a line that the parser takes', async () => {
  const verbs = commandTable
    .filter(({ isInternal }) => isInternal !== true)
    .map(({ names: [name = []] }) => name.join(' '));
  assert.deepEqual([...examples.keys()].toSorted(), verbs.toSorted());
  for (const [name, shown] of examples) {
    for (const { line } of shown) {
      const [, call = ''] = /strata ([^|)>]*)/.exec(line) ?? [];
      const words = wordsOf(call);
      assert.deepEqual(words.slice(0, name.split(' ').length), name.split(' '), line);
      const { program, verb } = await verbOf(name.split(' '));
      let ran = false;
      verb.action(() => {
        ran = true;
      });
      await program.parseAsync(explicitBooleans(program, words), { from: 'user' });
      assert.ok(ran, line);
    }
  }
});
