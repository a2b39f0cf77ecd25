import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Command } from 'commander';
import { runCommandLine } from '../../../src/cli/command-line.ts';
import { commandTable } from '../../../src/cli/command-table.ts';
import { type Completion, complete } from '../../../src/cli/completion/complete.ts';
import { completionScripts } from '../../../src/cli/completion/scripts.ts';
import { sourceKeys, valueSource } from '../../../src/cli/completion/value-sources.ts';
import type { CliContext } from '../../../src/cli/context.ts';
import { defineProgram } from '../../../src/cli/program.ts';

const unused = {} as CliContext;

/**
 * Completes a line. Live values are the name of their source, with the root and configuration file that the line names.
 */
async function completeLine(line: string): Promise<Completion> {
  const words = line.split(' ');
  const program = new Command('strata');
  await defineProgram(program, unused, words);
  return await complete(program, words, async (source, { root, configurationFile: file }) => [
    { value: `<${source}${root ? ` in ${root}` : ''}${file ? ` by ${file}` : ''}>` },
  ]);
}

const valuesOf = ({ candidates, paths }: Completion): string =>
  [...candidates.map(({ value }) => value), ...(paths === undefined ? [] : [`+${paths}`])].join(' ');

describe('completion of the last word of a line', () => {
  const table: readonly (readonly [line: string, values: string])[] = [
    ['imag', 'image images'],
    ['image hi', 'history'],
    ['container l', 'ls logs'],
    ['help image p', 'prune'],
    ['--st', '--storage-driver'],
    ['--storage-driver ', '<storage driver>'],
    ['--root ', '+folders'],
    ['run ', '<image>'],
    ['run --rm ', '<image>'],
    ['run --name x ', '<image>'],
    ['run --name=x ', '<image>'],
    ['run -ite A=1 ', '<image>'],
    ['run -ite ', '<variable>'],
    ['run x ', ''],
    ['run x --r', ''],
    ['run -- ', '<image>'],
    ['run -- -', ''],
    ['run --ipc ', 'private host none'],
    ['run --network ', 'none host'],
    ['build --network d', 'default'],
    ['image build --network d', 'default'],
    ['run --network=h', '--network=host'],
    ['run --gpu', ''],
    ['run --sig', '--sig-proxy'],
    ['run --nope=', ''],
    ['create --cap-add ', '<capability>'],
    ['run -v ', '+files'],
    ['build ', '+folders'],
    ['build . ', ''],
    ['build -f ', '+files'],
    ['build --file=x', '+files'],
    ['exec ', '<running container>'],
    ['container exec -it ', '<running container>'],
    ['start ', '<resting container>'],
    ['unpause ', '<paused container>'],
    ['rm -f a ', '<container>'],
    ['--root /x rm ', '<container in /x>'],
    ['--root=/x rm ', '<container in /x>'],
    ['--config /c --root /x rm ', '<container in /x by /c>'],
    ['--config ', '+files'],
    ['rename a ', ''],
    ['cp ', '<container or image path> +files'],
    ['cp x:/', ''],
    ['cp ./x', '+files'],
    ['tag ', '<image>'],
    ['inspect ', '<container or image>'],
    ['image inspect ', '<image>'],
    ['container inspect ', '<container>'],
    ['ps -f status=r', 'status=running'],
    ['images --filter dang', 'dangling=true dangling=false'],
    ['save --format oci', 'oci-archive'],
    ['completion z', 'zsh'],
    ['version ', ''],
    ['nope ', ''],
    ['__comp', ''],
  ];
  for (const [line, values] of table) {
    test(`strata ${line}`, async () => {
      assert.equal(valuesOf(await completeLine(line)), values);
    });
  }

  test('flags come with what the help says of them, and a name is offered once', async () => {
    const [flag] = (await completeLine('run --netw')).candidates;
    assert.deepEqual(flag, {
      value: '--network',
      description: 'Network of the container: "none" or "host" (default "none")',
    });
    assert.equal(valuesOf(await completeLine('rm <container> ')), '');
  });
});

test('every flag with a value and every argument has a source, and no source is left over', async () => {
  const used = new Set<string>(['verb']);
  const lacking: string[] = [];
  const note = (verb: string, name: string): void => {
    if (valueSource(verb, name) === undefined) lacking.push(`${verb} ${name}`);
    for (const key of [`${verb} ${name}`, name]) used.add(key);
  };
  for (const { names, isInternal } of commandTable) {
    if (isInternal === true) continue;
    const [first = []] = names;
    for (const path of names) {
      const program = new Command('strata');
      await defineProgram(program, unused, path);
      const command = path.reduce((at, word) => at.commands.find((one) => one.name() === word) ?? at, program);
      for (const { required, optional, hidden, long, argChoices } of [...command.options, ...program.options]) {
        if ((required || optional) && !hidden && argChoices === undefined) note(first.join(' '), long ?? '');
      }
      for (const argument of command.registeredArguments) note(first.join(' '), argument.name());
    }
  }
  assert.deepEqual(lacking, []);
  assert.deepEqual(
    sourceKeys.filter((key) => !used.has(key)),
    [],
  );
});

test('each script calls the command, and an unknown shell is refused', async () => {
  const answer = async (...words: readonly string[]): Promise<readonly [number, string]> => {
    let text = '';
    const add = (more: string | Uint8Array): string => (text += String(more));
    return [await runCommandLine(words, { out: add, err: add }), text];
  };
  for (const [shell, { text }] of completionScripts) {
    assert.match(text, /__complete -- /);
    assert.deepEqual(await answer('completion', shell), [0, text]);
  }
  const refused = 'strata: shell tcsh: completion is not supported\nhint: Use one of bash, zsh, fish.\n';
  assert.deepEqual(await answer('completion', 'tcsh'), [1, refused]);
  const [, lines] = await answer('__complete', '--', 'run', '--net');
  assert.equal(lines, '--network\tNetwork of the container: "none" or "host" (default "none")\n:\n');
  assert.equal((await answer('__complete', '--', 'run', '--log-opt', ''))[1], 'max-size=\n:nospace\n');
});
