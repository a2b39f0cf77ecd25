import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildCommand } from '../helpers/build-command.ts';
import { needs } from '../helpers/needs.ts';
import { strataCommand } from '../helpers/strata.ts';

const repository = join(import.meta.dirname, '../..');

/** Returns the commands of a README's shell blocks, without their comments. */
function commandsOf(file: string): string[] {
  const text = readFileSync(join(repository, file), 'utf8');
  return [...text.matchAll(/^```sh\n(.*?)^```$/gms)].flatMap(([, block = '']) =>
    block
      .trim()
      .split('\n')
      .map((line) => line.replace(/ +#.*/, '')),
  );
}

const ofStrata = (file: string): string[] => commandsOf(file).filter((line) => line.startsWith('./bin/strata'));

test('both READMEs have the same commands', () => {
  const chinese = commandsOf('README.zh-CN.md').map((line) => line.replace("'运行之后'", "'after a run'"));
  assert.deepEqual(chinese, commandsOf('README.md'));
});

test('the commands of the README work one after the other, and leave nothing in the checkout', {
  skip: needs('root', 'overlay', 'runc', 'conmon', 'busybox'),
}, async (t) => {
  const { root } = strataCommand(t);
  const scratch = mkdtempSync(join(tmpdir(), 'strata-readme-'));
  t.after(() => rmSync(scratch, { recursive: true }));
  const [checkout, temporary] = [join(scratch, 'checkout'), join(scratch, 'tmp')];
  for (const folder of [checkout, temporary, join(checkout, 'bin')]) mkdirSync(folder);
  symlinkSync(join(repository, 'examples'), join(checkout, 'examples'));
  symlinkSync(await buildCommand(t), join(checkout, 'bin/strata'));

  const busybox =
    commandsOf('README.md')
      .find((line) => line.includes('busybox-static'))
      ?.replace(/^.*&& /, '') ?? '';
  // Commands that need a terminal are replaced by ones that do not, or left out.
  const others = ofStrata('README.md')
    .map((line) => line.replace('run -it --name sh', 'create -it --name sh').replaceAll('/tmp', temporary))
    .filter((line) => !/strata (?:attach|exec) /.test(line));
  assert.ok(others.length > 15);
  for (const line of [busybox, ...others]) {
    const env = { ...process.env, STRATA_ROOT: root };
    execFileSync('sh', ['-ec', line], { cwd: checkout, env, stdio: ['ignore', 'ignore', 'pipe'] });
  }
  assert.deepEqual(readdirSync(checkout).sort(), ['bin', 'examples']);
  assert.deepEqual(readdirSync(temporary).sort(), ['hello', 'hello.tar', 'hi.tar', 'passwd']);
});
