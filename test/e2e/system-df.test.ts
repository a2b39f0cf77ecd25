import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { Engine } from '../../src/engine/index.ts';
import { buildContext } from '../helpers/build-context.ts';
import { needs } from '../helpers/needs.ts';
import { type StrataCommand, strataCommand } from '../helpers/strata.ts';

const skip = needs('root', 'runc');
const mega = 1 << 20;

const du = (root: string): number =>
  Number(execFileSync('du', ['-s', '-B1', root], { encoding: 'utf8' }).split('\t')[0]);

/** Opens the store, as a command does, and returns the bytes in use by its own measure. */
async function measureUsage(root: string): Promise<number> {
  await using engine = await Engine.open({ root });
  return (await engine.system.diskUsage()).totalBytes;
}

/** Creates a store of a base of 20 MiB and two images on it, with 2 and 10 MiB more. */
async function createSharingImages(context: TestContext): Promise<StrataCommand> {
  const strata = strataCommand(context);
  for (const [tag, from, megabytes] of [
    ['base', 'scratch', 20],
    ['one', 'base', 2],
    ['two', 'base', 10],
  ] as const) {
    const folder = buildContext(context, [`FROM ${from}`, `COPY data /${tag}`], {
      data: randomBytes(megabytes * mega),
    });
    const { code, stderr } = await strata('build', '-t', tag, folder);
    assert.equal(code, 0, stderr);
  }
  return strata;
}

test('shared layers are counted once, and everything is counted', { skip }, async (context) => {
  const strata = await createSharingImages(context);
  // SQLite's log grows with the command that measures.
  const difference = Math.abs((await measureUsage(strata.root)) - du(strata.root));
  assert.ok(difference < 32 << 10, `${difference} bytes more or less than du says`);
  await using engine = await Engine.open({ root: strata.root });
  const usage = await engine.system.diskUsage();
  assert.ok(Math.abs(usage.totalBytes - du(strata.root)) < mega, `${usage.totalBytes} is not what du says`);
  assert.deepEqual([usage.images.total, usage.images.active], [3, 0]);
  const toMebibytes = (bytes: number): number => Math.round(bytes / mega);
  assert.equal(toMebibytes(usage.images.sizeBytes), 32);
  assert.equal(usage.images.reclaimableBytes, usage.images.sizeBytes);
  assert.equal(usage.buildCache.total, 3);
  assert.equal(usage.buildCache.sizeBytes, 0, 'images stand on all of it');
  assert.ok(usage.cachedSteps.every(({ shared }) => shared));
  const parts = (await engine.images.list()).map(({ id, repository }) => {
    const { sharedBytes = -1, uniqueBytes = -1 } = usage.sharing.get(id) ?? {};
    return [repository, toMebibytes(sharedBytes), toMebibytes(uniqueBytes)];
  });
  assert.deepEqual(
    parts.sort(([a = ''], [b = '']) => String(a).localeCompare(String(b))),
    [
      ['base', 20, 0],
      ['one', 20, 2],
      ['two', 20, 10],
    ],
  );

  await engine.images.remove('two');
  const after = await engine.system.diskUsage();
  assert.equal(toMebibytes(after.images.sizeBytes), 22);
  assert.equal(toMebibytes(after.buildCache.reclaimableBytes), 10, 'the build cache keeps its step');
  assert.ok(Math.abs(after.totalBytes - du(strata.root)) < mega);
});

test('system df shows docker’s columns and a row for blobs', { skip }, async (context) => {
  const strata = strataCommand(context);
  assert.equal((await strata('build', '-t', 'hello', `${import.meta.dirname}/../../examples/hello-world`)).code, 0);
  assert.equal((await strata('run', '--name', 'user', 'hello')).code, 0);
  const { stdout } = await strata('system', 'df');
  const shape = [
    /^TYPE +TOTAL +ACTIVE +SIZE +RECLAIMABLE$/,
    /^Images +1 +1 +\S+B +0B \(0%\)$/,
    /^Containers +1 +0 +\S+B +\S+B \(100%\)$/,
    /^Local Volumes +0 +0 +0B +0B$/,
    /^Build Cache +1 +0 +0B +0B$/,
    /^Blobs +2 +2 +\S+B +0B \(0%\)$/,
    /^Other +\d+ +\d+ +\S+B +\S+B \(\d+%\)$/,
  ];
  const lines = stdout.trimEnd().split('\n');
  assert.equal(lines.length, shape.length, stdout);
  for (const [at, form] of shape.entries()) assert.match(lines[at] ?? '', form);
  assert.match(
    (await strata('system', 'df', '--format', '{{.Type}}={{.TotalCount}}')).stdout,
    /^Images=1\nContainers=1\n/,
  );

  assert.equal((await strata('tag', 'hello', 'zz:again')).code, 0);
  const verbose = (await strata('system', 'df', '-v')).stdout;
  for (const form of [
    /^Images space usage:\n\nREPOSITORY +TAG +IMAGE ID +CREATED +SIZE +SHARED SIZE +UNIQUE SIZE +CONTAINERS\n/,
    /\nhello +latest +[0-9a-f]{12} +\S.* ago +1\.05kB +0B +1\.048kB +1\n/,
    /\nContainers space usage:\n\nCONTAINER ID +IMAGE .*NAMES\n[0-9a-f]{12} +hello .* Exited \(0\) .* ago +user\n/,
    /\nLocal Volumes space usage:\n\nVOLUME NAME +LINKS +SIZE\n/,
    /\nBuild cache usage: 0B\n\nCACHE ID .*SHARED\n[0-9a-f]{12} +regular .* true\n\nBlobs usage: \S+B\n\nOther usage: \S+B\n$/,
  ]) {
    assert.match(verbose, form);
  }
  assert.doesNotMatch(verbose, /again/, 'each image once');
});
