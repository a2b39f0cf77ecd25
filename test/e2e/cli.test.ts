import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fill, folderWith } from '../helpers/build-folder.ts';
import { needs } from '../helpers/needs.ts';
import { storeRoot } from '../helpers/store-root.ts';
import { strataCommand, strataPath } from '../helpers/strata.ts';

const skip = needs('root', 'overlay');

test('a store that cannot exist gives an error at once, without a stack trace', async (t) => {
  const strata = strataCommand(t);
  const folder = folderWith(t, { file: '' });
  symlinkSync('/nowhere/at/all', join(folder, 'dangling'));
  const roots = ['/dev/null/x', join(folder, 'file'), '/proc/x', join(folder, 'dangling/x')];
  for (const { code, stderr, stdout } of await Promise.all(
    roots.map((root) => strata('--root', root, 'system', 'prune', '-f')),
  )) {
    assert.deepEqual([code, stdout], [1, ''], stderr);
    assert.match(
      stderr,
      /^strata: root .*: (?:cannot be used \(E[A-Z]+\)|a file exists where a folder is expected)\nhint: /,
    );
  }
  const driver = await strata('--storage-driver', 'floppy', 'images');
  assert.deepEqual([driver.code, driver.stderr.split('\n')[0]], [1, 'strata: storage driver floppy: unknown']);
});

test('without the right to write the error names the root, and its hint says what to do', {
  skip: skip || needs('setpriv'),
}, (t) => {
  const folder = folderWith(t, { 'closed/': '' });
  const closed = join(folder, 'closed');
  const prune = (root: string): { readonly status: number | null; readonly stderr: string } => {
    const args = ['--bounding-set=-all', strataPath, '--root', root, 'system', 'prune', '-f'];
    return spawnSync('setpriv', args, { encoding: 'utf8' });
  };
  chmodSync(closed, 0o500);
  for (const root of [closed, join(closed, 'new')]) {
    const { status, stderr } = prune(root);
    assert.equal(status, 1, stderr);
    assert.match(
      stderr,
      /^strata: root .*closed.*: cannot be used \(EACCES\)\nhint: Choose another folder for the store \(--root or STRATA_ROOT\)\./,
    );
  }
});

test('a command ends with the exit code of its container, or with 125 to 127 when that never ran', async (t) => {
  const strata = strataCommand(t);
  const { code, stderr } = await strata('run', 'nosuch');
  assert.equal(code, 125);
  assert.match(stderr, /^strata: .*No such image: nosuch:latest$/m);
  assert.equal((await strata('history', 'nosuch')).code, 1);
  assert.equal((await strata('images', '--format', '{{')).code, 1);
  const off = await strata('run', '--privileged=0', 'nosuch');
  assert.match(off.stderr, /No such image/, 'a switch turned off is nothing to refuse');
});

test('a closed pipe ends the command quietly, and a full disk is reported', { skip }, (t) => {
  const root = storeRoot(t);
  const shell = (line: string): readonly [status: number | null, stderr: string] => {
    const { status, stderr } = spawnSync('bash', ['-c', `set -o pipefail; strata=${strataPath}; ${line}`], {
      encoding: 'utf8',
      env: { ...process.env, STRATA_ROOT: root },
    });
    return [status, stderr];
  };
  assert.deepEqual(shell('$strata images | head -0'), [0, '']);
  assert.deepEqual(shell('$strata --help | head -1 >&2'), [0, 'Usage:  strata [OPTIONS] COMMAND\n']);
  assert.deepEqual(shell('$strata nosuch 2>&1 | head -0'), [1, '']);
  assert.deepEqual(shell('$strata images >/dev/full'), [
    1,
    'strata: write /dev/stdout: no space left on device\nhint: Free space on the disk that takes the output, or send it elsewhere.\n',
  ]);
  assert.deepEqual(shell('$strata nosuch 2>/dev/full'), [1, '']);
  assert.deepEqual(shell('$strata images >&-'), [0, '']);
});

test('a command that waits for an event that can never come ends as a failure', { skip }, async (t) => {
  const strata = strataCommand(t);
  const folder = folderWith(t, {
    'never.mjs': `const never = { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => undefined) }) };
      Object.defineProperty(process, 'stdin', { value: never });`,
  });
  const env = { NODE_OPTIONS: `--import=${join(folder, 'never.mjs')}` };
  const { code, stdout, stderr } = await strata.with({ env }, 'import', '-');
  assert.deepEqual([code, stdout], [125, '']);
  assert.equal(stderr, 'strata: internal error: the command waits for an event that can no longer happen\n');
  assert.equal((await strata.with({ env }, 'images')).code, 0);
});

test('control characters from a Dockerfile, an image or a context do not reach the terminal', {
  skip: skip || needs('script'),
}, async (t) => {
  const strata = strataCommand(t);
  const folder = folderWith(t, {
    Dockerfile:
      'FROM scratch\nCOPY ["f", "/\\u001b[2J\\u0007x"]\nLABEL a="\u001b]0;title\u0007" b="\u009b2J"\nMAINTAINER \u001b[31mred\n',
    f: '',
    'wrong/Dockerfile': 'FROM scratch\nCOPY \u001b[2Jx /\n',
  });
  const built = await strata('build', '-t', 'hostile', folder);
  assert.equal(built.code, 0, built.stderr);
  const label = ['inspect', '-f', '{{.Config.Labels.a}}{{.Config.Labels.b}}', 'hostile'];
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const order = /\x1b|\x9b|\x07/;
  const lines = [
    ['history', '--no-trunc', 'hostile'],
    ['history', 'hostile'],
    ['build', join(folder, 'wrong')],
    ['build', '--target', '\u001b[2J', folder],
    ['run', '\u001b[2J'],
  ];
  for (const { stdout, stderr } of await Promise.all(lines.map((args) => strata(...args)))) {
    assert.doesNotMatch(stdout + stderr, order);
    assert.match(stdout + stderr, /\\x1b/);
  }
  assert.doesNotMatch(built.stderr, order);
  const shown = spawnSync(
    'script',
    ['-qec', `${strataPath} ${label.map((word) => `'${word}'`).join(' ')}`, '/dev/null'],
    {
      encoding: 'utf8',
      env: { ...process.env, STRATA_ROOT: strata.root },
    },
  );
  assert.match(shown.stdout, /\\x1b\]0;title\\x07\\x9b2J/, 'on a terminal');
  assert.equal((await strata(...label)).stdout, '\u001b]0;title\u0007\u009b2J\n', 'for a program');
});

test('the flag for the root goes before the variable, and each store has images of its own', { skip }, async (t) => {
  const strata = strataCommand(t);
  const folder = folderWith(t, { Dockerfile: 'FROM scratch\nCOPY f /\n', f: 'content' });
  const other = storeRoot(t);
  await strata('build', '-q', '-t', 'by-variable', folder);
  await strata('--root', other, 'build', '-q', '-t', 'by-flag', folder);
  const names = async (...flags: string[]): Promise<string> =>
    (await strata(...flags, 'images', '--format', '{{.Repository}}')).stdout;
  assert.equal(await names(), 'by-variable\n');
  assert.equal(await names('--root', other), 'by-flag\n');
  assert.equal(await names(`--root=${other}`), 'by-flag\n');
  mkdirSync(join(folder, 'below'));
  fill(folder, { 'below/link': { link: other } });
  const relative = await strata.with({ cwd: folder, env: { STRATA_ROOT: 'below/link' } }, 'images', '-q');
  assert.equal(relative.stdout, (await strata('--root', other, 'images', '-q')).stdout, 'relative, and by a symlink');
});
