// Files of a container as a tar: readable by other programs, the same each time, and whole again after an import.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Engine } from '../../src/engine/index.ts';
import { listTree } from '../../src/testing/list-tree.ts';
import { temporaryFolder } from '../helpers/build-folder.ts';
import { busyboxContext } from '../helpers/busybox-image.ts';
import { withImageTree } from '../helpers/image-tree.ts';
import { needs } from '../helpers/needs.ts';
import { type StrataCommand, strataCommand, strataPath } from '../helpers/strata.ts';

const skip = needs('root', 'runc', 'overlay', 'busybox');

const work = `echo new > /tmp/new; chmod 4711 /tmp/new; rm /etc/group; rm -r /home; mkdir -p /home/other;
  busybox ln /tmp/new /tmp/same; busybox mkfifo /tmp/pipe; dd if=/dev/zero of=/tmp/sparse bs=1 count=1 seek=9999999`;

async function createRan(context: TestContext): Promise<StrataCommand> {
  const strata = strataCommand(context);
  for (const args of [
    ['build', '-q', '-t', 'box', busyboxContext(context)],
    ['run', '--name', 'one', 'box', 'sh', '-c', work],
  ]) {
    const { code, stderr } = await strata(...args);
    assert.equal(code, 0, stderr);
  }
  return strata;
}

test('export gives the same bytes each time, which other programs read, and import gives the tree again', {
  skip,
}, async (context) => {
  const strata = await createRan(context);
  const folder = temporaryFolder(context);
  const [first, second] = [join(folder, 'first.tar'), join(folder, 'second.tar')];
  assert.deepEqual(await strata('export', '-o', first, 'one'), { code: 0, stdout: '', stderr: '' });
  assert.equal((await strata('container', 'export', '--output', second, 'one')).code, 0);
  assert.ok(readFileSync(first).equals(readFileSync(second)));
  assert.ok(statSync(first).size < 9_000_000, 'holes are no bytes');
  const names = execFileSync('tar', ['-tf', first], { encoding: 'utf8' }).split('\n');
  for (const name of ['bin/busybox', 'etc/passwd', 'home/other/', 'tmp/same', 'proc/', 'sys/', 'dev/', 'etc/hosts']) {
    assert.ok(names.includes(name), name);
  }
  for (const name of ['etc/group', 'home/me/', './']) assert.ok(!names.includes(name), name);

  assert.equal((await strata('import', first, 'again')).code, 0);
  assert.equal((await strata('commit', 'one', 'committed')).code, 0);
  await using engine = await Engine.open({ root: strata.root });
  const again = await withImageTree(engine, 'again', (tree) => listTree(tree));
  const committed = await withImageTree(engine, 'committed', (tree) => listTree(tree));
  const isStub = (line: string): boolean => /^(dev|proc|sys|etc\/(hostname|hosts|resolv\.conf))\/? ?/.test(line);
  assert.deepEqual(
    again.filter((line) => !isStub(line)),
    committed,
  );
  assert.ok(again.some((line) => line.startsWith('tmp/same')));
  assert.deepEqual(readdirSync(folder).sort(), ['first.tar', 'second.tar']);
});

test('export writes to standard output, and refuses a missing container and an invalid output path', {
  skip,
}, async (context) => {
  const strata = await createRan(context);
  const bytes = execFileSync(strataPath, ['export', 'one'], {
    env: { ...process.env, STRATA_ROOT: strata.root },
    maxBuffer: 64 << 20,
  });
  assert.equal(bytes.length % 512, 0);
  const cases: readonly (readonly [args: readonly string[], message: RegExp])[] = [
    [['absent'], /No such container: absent/],
    [
      ['-o', '/absent/x', 'one'],
      /failed to export container: invalid output path: directory "\/absent" does not exist/,
    ],
    [['-o', '/tmp', 'one'], /invalid output path: "\/tmp" must be a regular file/],
  ];
  for (const [args, message] of cases) {
    const { code, stderr } = await strata('export', ...args);
    assert.equal(code, 1);
    assert.match(stderr, message);
  }
});
