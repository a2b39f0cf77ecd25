// Brings the lists of missing commands and flags in docs/compat.md up to date with the sources.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { commandTable, missingVerbs } from '../src/cli/command-table.ts';
import type { CliContext } from '../src/cli/context.ts';
import { laterFlagsOf } from '../src/cli/flags/flags.ts';
import { defineProgram } from '../src/cli/program.ts';
import { laterVerb } from '../src/cli/unknown-verb.ts';

const page = join(import.meta.dirname, '../docs/compat.md');
const start = '<!-- From here on made by `node tools/compat-doc.ts`. -->\n';

/** Returns the page as it is, and as it should be. */
export async function compatPage(): Promise<{ readonly before: string; readonly after: string }> {
  const before = readFileSync(page, 'utf8');
  const at = before.indexOf(start);
  if (at < 0) throw new Error(`${page} has lost the line ${start}`);
  return { before, after: `${before.slice(0, at)}${start}${commandsSection()}${await flagsSection()}` };
}

function commandsSection(): string {
  const rows = groupByKey(missingVerbs().map((verb) => [hintOf(laterVerb(verb)), verb]));
  return `\n### Commands\n\n| command | instead |\n|---|---|\n${rows.map(([hint, verbs]) => `| ${codes(verbs)} | ${hint} |\n`).join('')}`;
}

/** Returns the hint; empty when it only names the help, as for a verb without an alternative. */
const hintOf = ({ hint = '' }: { readonly hint?: string | undefined }): string => (hint.includes('--help') ? '' : hint);

async function flagsSection(): Promise<string> {
  const found: (readonly [verb: string, hint: string, flag: string])[] = [];
  for (const { names, isInternal } of commandTable) {
    if (isInternal === true) continue;
    const [path = []] = names;
    const program = new Command('strata');
    await defineProgram(program, {} as CliContext, path);
    const verb = path.reduce((at, word) => at.commands.find((one) => one.name() === word) ?? at, program);
    for (const later of laterFlagsOf(verb)) {
      const [flags, hint] = typeof later === 'string' ? [later, ''] : later;
      found.push([path.join(' '), hint, flags.replace(/ <.*/, '')]);
    }
  }
  const verbsOf = new Map(groupByKey(found.map(([verb, hint, flag]) => [`${flag}\n${hint}`, verb])));
  const rows = groupByKey(
    [...verbsOf].map(([key, verbs]) => {
      const [flag = '', hint = ''] = key.split('\n');
      return [`${codes(verbs)} | ${hint}`, flag] as const;
    }),
  );
  const lines = rows.map(([key, flags]) => {
    const [verbs = '', hint = ''] = key.split(' | ');
    return `| ${verbs} | ${codes(flags)} | ${hint} |\n`;
  });
  return `\n### Flags\n\n| of | flag | instead |\n|---|---|---|\n${lines.join('')}`;
}

/** Groups values by key, in the order of each key's first pair. */
function groupByKey(pairs: readonly (readonly [key: string, value: string])[]): [string, readonly string[]][] {
  const groups = new Map<string, string[]>();
  for (const [key, value] of pairs) groups.set(key, [...(groups.get(key) ?? []), value]);
  return [...groups];
}

const codes = (words: readonly string[]): string => words.map((word) => `\`${word}\``).join(', ');

if (import.meta.main) writeFileSync(page, (await compatPage()).after);
