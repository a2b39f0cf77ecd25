import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { buildCommand } from '../helpers/build-command.ts';
import { busyboxStore } from '../helpers/busybox-store.ts';
import { needs } from '../helpers/needs.ts';
import { Terminal } from '../helpers/terminal.ts';
import { testFile } from '../helpers/test-file.ts';

const skip = (...programs: readonly string[]): string | false =>
  needs('root', 'overlay', 'runc', 'busybox', ...programs);

const bundled = buildCommand(testFile());

interface Place {
  /** Folder with `strata` in `bin`, a file and a folder to build from, and other names of the store. */
  readonly folder: string;
  readonly variables: Readonly<Record<string, string>>;
}

/** Creates a store with an image and a stopped container, and puts the command where the shell finds it. */
async function createPlace(t: TestContext): Promise<Place> {
  const strata = await busyboxStore(t);
  const created = await strata('create', '--name', 'web', 'busybox', 'true');
  assert.equal(created.code, 0, created.stderr);
  const folder = mkdtempSync(join(tmpdir(), 'strata-completion-'));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const name of ['bin', 'context-folder', 'home']) mkdirSync(join(folder, name));
  writeFileSync(join(folder, 'context-file'), '');
  for (const name of ['with space', 'home/store']) symlinkSync(strata.root, join(folder, name));
  symlinkSync(await bundled, join(folder, 'bin/strata'));
  const path = `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}`;
  return { folder, variables: { PATH: path, STRATA_ROOT: strata.root, HOME: join(folder, 'home') } };
}

/** Typed text, with a tab for the key, and the line that the shell makes of it. */
const lines: readonly (readonly [typed: string, line: string])[] = [
  ['strata hist\t', 'strata history '],
  ['strata image hi\t', 'strata image history '],
  ['strata run busy\t', 'strata run busybox:latest '],
  ['strata run busybox:la\t', 'strata run busybox:latest '],
  ['strata run --read\t', 'strata run --read-only '],
  ['strata build --progress=pl\t', 'strata build --progress=plain '],
  ['strata build --progress pl\t', 'strata build --progress plain '],
  ['strata start w\t', 'strata start web '],
  ['strata cp we\t', 'strata cp web:'],
  ['strata build context-fo\t', 'strata build context-folder/'],
  ['strata build -f context-fi\t', 'strata build -f context-file '],
  ['strata build --file=context-fi\t', 'strata build --file=context-file '],
  ['strata --root /nowhere images busy\t', 'strata --root /nowhere images busy'],
  ['strata --root with\\ space rmi busy\t', 'strata --root with\\ space rmi busybox:latest '],
  ['strata --root ~/store rmi busy\t', 'strata --root ~/store rmi busybox:latest '],
  ['strata cp web:/et\t', 'strata cp web:/et'],
  ['strata cp context-fo\t', 'strata cp context-folder/'],
  ['bin/strata logs w\t', 'bin/strata logs web '],
  ['strata run busybox l\t', 'strata run busybox l'],
];

/** Types each line in a shell and has it echo the completed line. */
async function types(
  t: TestContext,
  shell: readonly string[],
  setUp: readonly string[],
  variables: Place['variables'],
): Promise<void> {
  const terminal = new Terminal(t, 24, 200);
  terminal.startProgram(shell, variables);
  for (const line of setUp) terminal.type(`${line}\n`);
  terminal.type('echo rea""dy\n');
  await terminal.shows('ready');
  for (const [typed, line] of lines) {
    terminal.type(`${typed}]"\u0001echo "[\n`);
    await terminal.shows(`[${line}]\r\n`);
  }
}

for (const bashCompletion of [false, true]) {
  const library = '/usr/share/bash-completion/bash_completion';
  test(`bash completes ${bashCompletion ? 'beside' : 'without'} bash-completion`, { skip: skip('bash') }, async (t) => {
    const { folder, variables } = await createPlace(t);
    const setUp = [`cd ${folder}`, ...(bashCompletion ? [`. ${library}`] : []), '. <(strata completion bash)'];
    await types(t, ['bash', '--norc', '--noprofile', '-i'], setUp, variables);
  });
}

test('zsh completes commands, flags and names', { skip: skip('zsh') }, async (t) => {
  const { folder, variables } = await createPlace(t);
  const setUp = [`cd ${folder}`, 'bindkey -e', 'autoload -U compinit && compinit -D -u', '. <(strata completion zsh)'];
  await types(t, ['zsh', '-f', '-i'], setUp, variables);
});

test('fish completes commands, flags and names', { skip: skip('fish') }, async (t) => {
  const { folder, variables } = await createPlace(t);
  const ask = (line: string): string[] => {
    const script = `cd ${folder}; source (strata completion fish | psub); complete -C '${line}'`;
    return execFileSync('fish', ['--no-config', '-c', script], {
      env: { ...process.env, ...variables },
      encoding: 'utf8',
    }).split('\n');
  };
  for (const [typed, line] of lines) {
    if (!typed.startsWith('strata ')) continue;
    const [last = ''] = /\S*$/.exec(typed.slice(0, -1)) ?? [];
    const completed = line.trimEnd().slice(typed.length - 1 - last.length);
    const values = ask(typed.slice(0, -1)).map((text) => text.split('\t')[0] ?? '');
    assert.deepEqual(values, completed === last ? [''] : [completed, ''], typed);
  }
  assert.deepEqual(ask('strata rm '), ['web\tcreated', '']);
});
