import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Command } from 'commander';
import { commandTable } from '../../../src/cli/command-table.ts';
import type { CliContext } from '../../../src/cli/context.ts';
import { explicitBooleans, passThrough } from '../../../src/cli/flags/flags.ts';
import { defineProgram } from '../../../src/cli/program.ts';

function program(): Command {
  const root = new Command('strata').option('--root <dir>').option('-D, --debug');
  passThrough(
    root
      .enablePositionalOptions()
      .command('run')
      .option('-i, --interactive')
      .option('-t, --tty')
      .option('--rm')
      .option('-w, --workdir <dir>')
      .option('-e, --env <pair>')
      .argument('<image>')
      .argument('[command...]'),
  );
  root.command('images').option('--no-trunc').option('-q, --quiet').option('-H, --human').option('--no-human');
  return root;
}

const cases: readonly (readonly [given: string, taken: string])[] = [
  ['run --rm=true x', 'run --rm x'],
  ['run --rm=0 x', 'run x'],
  ['run -i=t -t=F x', 'run --interactive x'],
  ['run -w=/a x', 'run -w/a x'],
  ['run -itw=/a x', 'run -itw/a x'],
  ['run -e=A=1 -eB=2 -e C=3 x', 'run -eA=1 -eB=2 -e C=3 x'],
  ['run -we=1 x', 'run -we=1 x'],
  ['run -w= x', 'run -w= x'],
  ['run -e --rm=true x', 'run -e --rm=true x'],
  ['run --env=--rm=false x', 'run --env=--rm=false x'],
  ['run x --rm=true -w=/a', 'run x --rm=true -w=/a'],
  ['run -- x --rm=true', 'run -- x --rm=true'],
  ['images --no-trunc=false --human=false -q=1', 'images --no-human --quiet'],
  ['--root run -D=false images --no-trunc=1', '--root run images --no-trunc'],
];

for (const [given, taken] of cases) {
  test(`${given}: as docker's flags are read`, () => {
    assert.equal(explicitBooleans(program(), given.split(' ')).join(' '), taken);
  });
}

// `--device <path[:path]>` would be both for commander, and take no value from the next word.
test('the value of a flag is either required or optional', async () => {
  const faults: string[] = [];
  for (const { names } of commandTable) {
    const [path = []] = names;
    const program = new Command('strata');
    await defineProgram(program, {} as CliContext, path);
    const verb = path.reduce((at, word) => at.commands.find((one) => one.name() === word) ?? at, program);
    faults.push(...verb.options.filter(({ required, optional }) => required && optional).map(({ flags }) => flags));
  }
  assert.deepEqual(faults, []);
});
