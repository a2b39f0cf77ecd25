import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { AT_FDCWD } from '../../src/sys/constants.ts';
import { mknodAt } from '../../src/sys/fs-at.ts';
import { fill, folderWith } from '../helpers/build-folder.ts';
import { needs } from '../helpers/needs.ts';
import { type CommandResult, type StrataCommand, strataCommand } from '../helpers/strata.ts';

const skip = needs('root', 'overlay');

const words = (line: string): string[] => line.split(' ');

function context(t: TestContext): { readonly strata: StrataCommand; readonly folder: string } {
  const folder = folderWith(t, {
    Dockerfile:
      'FROM scratch AS one\nARG value=default\nLABEL v=$value\nCOPY f /\nFROM scratch AS two\nLABEL stage=two\n',
    f: 'content',
  });
  return { strata: strataCommand(t), folder };
}

test('build takes several names, a target, arguments, labels and an ID file, and -q prints the ID alone', {
  skip,
}, async (t) => {
  const { strata, folder } = context(t);
  const iid = join(folder, 'iid');
  const labels = async (name: string): Promise<unknown> =>
    JSON.parse((await strata('inspect', '--format', '{{json .Config.Labels}}', name)).stdout);
  writeFileSync(iid, 'stale');
  const line = `build -q -t a -t b:two -t localhost:5000/c --target one --build-arg value=given --label l=1 --label m --iidfile ${iid}`;
  const built = await strata(...words(line), folder);
  assert.equal(built.code, 0, built.stderr);
  assert.match(built.stdout, /^sha256:[0-9a-f]{64}\n$/);
  assert.equal(built.stderr, '');
  assert.equal(`${readFileSync(iid, 'utf8')}\n`, built.stdout);
  const listed = (await strata('images', '--format', '{{.Repository}}:{{.Tag}}')).stdout;
  assert.deepEqual(listed.trim().split('\n').sort(), ['a:latest', 'b:two', 'localhost:5000/c:latest']);
  assert.deepEqual(await labels('b:two'), { v: 'given', l: '1', m: '' });

  // A bare --build-arg takes its value from the environment; without one there it is not set.
  const again = ['build', '-q', '-t', 'a', '--target', 'one', '--build-arg', 'value', folder];
  await strata.with({ env: { value: 'from here' } }, ...again);
  assert.deepEqual(await labels('a'), { v: 'from here' });
  await strata(...again);
  assert.deepEqual(await labels('a'), { v: 'default' });

  // SOURCE_DATE_EPOCH needs no flag; other variables are not passed on.
  const env = { SOURCE_DATE_EPOCH: '86400', value: 'not named' };
  const dated = await strata.with({ env }, 'build', '-t', 'a', '--target', 'one', '--build-arg', 'typo=1', folder);
  assert.match(dated.stderr, /^WARNING: One or more build-args \[typo\] were not consumed$/m);
  const format = '{{.Created}} {{json .Config.Labels}}';
  assert.equal((await strata('inspect', '-f', format, 'a')).stdout, '1970-01-02T00:00:00Z {"v":"default"}\n');
});

test('a failed build leaves no ID file and no name, and an ID file that cannot be written is an error', {
  skip,
}, async (t) => {
  const { strata, folder } = context(t);
  const iid = join(folder, 'iid');
  writeFileSync(iid, 'stale');
  fill(folder, { 'bad.Dockerfile': 'FROM scratch\nCOPY nothing /\n' });
  const flags = ['-t', 'bad', '--iidfile', iid, '-f', join(folder, 'bad.Dockerfile')];
  const { code, stderr } = await strata('build', ...flags, folder);
  assert.equal(code, 1);
  assert.match(stderr, /^strata: .*"?\/?nothing"?: not found/m);
  assert.ok(!existsSync(iid));
  assert.equal((await strata('images', '-q', 'bad')).stdout, '');
  // A stand-in for the machine's /dev/null, which once became a plain file.
  const device = join(folder, 'null');
  mknodAt(AT_FDCWD, device, 'character-device', 0o600, 1, 3);
  assert.equal((await strata('build', '-q', '--iidfile', device, folder)).code, 0);
  assert.equal(statSync(device).isCharacterDevice(), true);
  const unwritable = await strata('build', '-q', '--iidfile', '/proc/x/y', folder);
  assert.deepEqual(
    [unwritable.code, unwritable.stdout, unwritable.stderr],
    [
      1,
      '',
      'strata: open /proc/x/y: no such file or directory\nhint: Check the path and its permissions, or name another file.\n',
    ],
  );
});

test('invalid flags are refused with what to write instead', { skip }, async (t) => {
  const { strata, folder } = context(t);
  const cases: readonly (readonly [flags: readonly string[], code: number, says: RegExp])[] = [
    [['--build-arg', '=x'], 1, /^strata: invalid key-value pair "=x": empty key\nhint: Write it as NAME=VALUE\.\n$/],
    [['--label', '=x'], 1, /^strata: invalid key-value pair "=x": empty key\nhint: Write it as NAME=VALUE\.\n$/],
    [['-t', 'UPPER'], 1, /^strata: invalid tag "UPPER": .*\nhint: Write a reference as .*lower case\.\n$/],
    [['--pull', 'never'], 1, /requires exactly 1 argument\.\nhint: .*'--pull=never'/],
    [
      ['--target', 'on'],
      1,
      /^strata: .*\(did you mean one\?\)\nhint: Use the number or name of a stage: 0 \(one\), 1 \(two\)\.\n$/,
    ],
  ];
  for (const [flags, code, says] of cases) {
    const result = await strata('build', ...flags, folder);
    assert.match(result.stderr, says);
    assert.equal(result.code, code);
  }
  fill(folder, { Dockerfile: 'FROM scratch one\n' });
  assert.match((await strata('build', folder)).stderr, /hint: Write FROM IMAGE, or FROM IMAGE AS NAME\.$/m);
  fill(folder, { Dockerfile: 'FROM UPPER\n' });
  assert.match((await strata('build', folder)).stderr, /must be lowercase\nhint: Write a reference as/);
});

test('progress is printed as plain text, and as JSON for programs', { skip }, async (t) => {
  const { strata, folder } = context(t);
  const build = async (...flags: string[]): Promise<CommandResult> =>
    await strata('build', '--target', 'one', '-t', 'p', ...flags, folder);
  const plain = await build('--progress', 'plain');
  assert.match(
    plain.stderr,
    /^#1 \[.*1\/1\] COPY f \/\n#1 DONE \d+\.\ds\n\nwriting image sha256:[0-9a-f]{64}\nnaming to p:latest\n$/,
  );
  assert.equal(plain.stdout, '');
  assert.match((await build()).stderr, /^#1 CACHED$/m);
  assert.match((await build('--no-cache')).stderr, /^#1 DONE/m);
  const lines = (await build('--progress', 'json')).stderr.trim().split('\n');
  const events = lines.map((line) => JSON.parse(line) as { type: string; step?: { state: string } });
  const states = events.map(({ type, step }) => step?.state ?? type);
  assert.deepEqual([states[0], states.includes('hit'), states.at(-1)], ['unkeyed', true, 'image']);
  fill(folder, { Dockerfile: 'FROM scratch\nCOPY f /a\nCOPY f /a/b\n' });
  const failed = await strata('build', '--progress', 'json', folder);
  assert.match(failed.stderr, /"code":"ERR_COPY_DESTINATION"/);
});
