import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { needs } from '../helpers/needs.ts';
import { strataCommand } from '../helpers/strata.ts';

const example = join(import.meta.dirname, '../../examples/hello-world');
const skip = needs('root', 'runc');

test('hello-world is built from scratch, run and listed, and history explains it', { skip }, async (context) => {
  const strata = strataCommand(context);
  const built = await strata('build', '-t', 'hello-world', example);
  assert.equal(built.code, 0, built.stderr);

  const ran = await strata('run', '--rm', 'hello-world');
  assert.equal(ran.code, 0, ran.stderr);
  assert.match(ran.stdout, /^\nHello from Strata!\n/);

  const images = await strata('images');
  assert.match(
    images.stdout,
    /^REPOSITORY +TAG +IMAGE ID +CREATED +SIZE\nhello-world +latest +[0-9a-f]{12} +\S.* ago +1\.05kB\n$/,
  );

  const history = await strata('history', 'hello-world');
  assert.match(history.stdout, /^IMAGE +CREATED +CREATED BY +SIZE +COMMENT\n/);
  assert.match(history.stdout, /COPY hello \/hello.* 1\.05kB/);
  assert.equal(history.stdout.trimEnd().split('\n').length, 4, 'three steps: LABEL, COPY, CMD');

  const inspected = await strata('inspect', 'hello-world');
  const [image] = JSON.parse(inspected.stdout) as [
    { Config: { Cmd: string[] }; RootFS: { Layers: string[] }; Size: number },
  ];
  assert.deepEqual(image.Config.Cmd, ['/hello']);
  assert.equal(image.RootFS.Layers.length, 1);
  assert.equal(image.Size, 1048);
});

test('a second build of the same context gives the same layers from the cache', { skip }, async (context) => {
  const strata = strataCommand(context);
  const id = async (): Promise<string> =>
    (await strata('inspect', '--format', '{{json .RootFS.Layers}}', 'hello-world')).stdout;
  assert.equal((await strata('build', '-t', 'hello-world', example)).code, 0);
  const first = await id();
  const again = await strata('build', '-t', 'hello-world', example);
  assert.match(again.stderr + again.stdout, /CACHED/);
  assert.equal(await id(), first);
});

test('two stores have nothing in common', { skip }, async (context) => {
  const one = strataCommand(context);
  const two = strataCommand(context);
  await one('build', '-t', 'only-here', example);
  assert.match((await one('images', '-q')).stdout, /^[0-9a-f]{12}\n$/);
  assert.equal((await two('images', '-q')).stdout, '');
});

test('flags and instructions that are not supported yet give an error with their name or line', {
  skip,
}, async (context) => {
  const strata = strataCommand(context);
  const folder = mkdtempSync(join(tmpdir(), 'strata-context-'));
  context.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'Dockerfile'), 'FROM scratch\nLABEL a=b\nRUN --security=insecure true\n');
  const built = await strata('build', folder);
  assert.equal(built.code, 1);
  assert.match(built.stderr, /line 3: RUN --security: not supported yet/);
  const pulled = await strata('pull', 'alpine');
  assert.equal(pulled.code, 1);
  assert.match(pulled.stderr, /pull: not supported yet/);
  const flagged = await strata('run', '--cpu-percent', '1', 'x');
  assert.match(flagged.stderr, /--cpu-percent: not supported yet/);
});
