// tag and rmi work as with docker, word for word where a script may read the output.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { Engine } from '../../src/engine/index.ts';
import { buildContext } from '../helpers/build-context.ts';
import { needs } from '../helpers/needs.ts';
import { type StrataCommand, strataCommand } from '../helpers/strata.ts';

const skip = needs('root', 'runc');

async function built(context: TestContext, ...tags: readonly string[]): Promise<StrataCommand> {
  const strata = strataCommand(context);
  const folder = buildContext(context, ['FROM scratch', 'COPY a /a'], { a: 'a' });
  const result = await strata('build', ...tags.flatMap((tag) => ['-t', tag]), folder);
  assert.equal(result.code, 0, result.stderr);
  return strata;
}

const idOf = async (strata: StrataCommand, name: string): Promise<string> =>
  (await strata('inspect', '--format', '{{.Id}}', name)).stdout.trim();

test('a further name shows the same image', { skip }, async (context) => {
  const strata = await built(context, 'app:1');
  assert.deepEqual(await strata('tag', 'app:1', 'localhost:5000/team/app'), { code: 0, stdout: '', stderr: '' });
  const id = await idOf(strata, 'app:1');
  assert.equal(await idOf(strata, 'localhost:5000/team/app:latest'), id);
  assert.equal((await strata('image', 'tag', id.slice(7, 19), 'by-id')).code, 0);
  const { stdout } = await strata('images', '--format', '{{.Repository}}:{{.Tag}}');
  assert.deepEqual(stdout.trim().split('\n').sort(), ['app:1', 'by-id:latest', 'localhost:5000/team/app:latest']);
});

test('a name moves from the image that had it, which stays', { skip }, async (context) => {
  const strata = await built(context, 'app');
  const other = buildContext(context, ['FROM scratch', 'COPY b /b'], { b: 'b' });
  assert.equal((await strata('build', '-t', 'other', other)).code, 0);
  const id = await idOf(strata, 'app');
  assert.equal((await strata('tag', 'other', 'app')).code, 0);
  assert.notEqual(await idOf(strata, 'app'), id);
  assert.match((await strata('images', '--no-trunc')).stdout, new RegExp(`<none> +<none> +${id}`));
});

const refusals: readonly (readonly [source: string, target: string, message: RegExp])[] = [
  ['absent', 'x', /^strata: No such image: absent:latest\n/],
  ['app', 'UPPER', /Error parsing reference: "UPPER" is not a valid repository\/tag: invalid reference format: repo/],
  ['app', `x@sha256:${'0'.repeat(64)}`, /refusing to create a tag with a digest reference/],
  ['app', 'sha256', /refusing to create an ambiguous tag using digest algorithm as name/],
];

test('an invalid name is refused', { skip }, async (context) => {
  const strata = await built(context, 'app');
  for (const [source, target, message] of refusals) {
    const { code, stdout, stderr } = await strata('tag', source, target);
    assert.equal(code, 1, target);
    assert.equal(stdout, '');
    assert.match(stderr, message);
  }
});

test('rmi removes one of several names, and the image with the last one', { skip }, async (context) => {
  const strata = await built(context, 'app:1', 'app:2');
  const id = await idOf(strata, 'app:1');
  assert.deepEqual(await strata('rmi', 'app:1'), { code: 0, stdout: 'Untagged: app:1\n', stderr: '' });
  const { stdout } = await strata('rmi', 'app:2');
  assert.equal(stdout, `Untagged: app:2\nDeleted: ${id}\n`, 'its layer stays in the build cache');
  assert.equal((await strata('images', '-q')).stdout, '');
});

test('an image with several names is removed by its ID only by force', { skip }, async (context) => {
  const strata = await built(context, 'app:1', 'app:2');
  const id = await idOf(strata, 'app:1');
  const short = id.slice(7, 19);
  const refused = await strata('rmi', short);
  assert.equal(refused.code, 1);
  assert.match(
    refused.stderr,
    new RegExp(
      `conflict: unable to delete ${short} \\(must be forced\\) - image is referenced in multiple repositories`,
    ),
  );
  const forced = await strata('image', 'rm', '-f', short);
  assert.equal(forced.stdout, `Untagged: app:1\nUntagged: app:2\nDeleted: ${id}\n`);
});

test('a missing image is an error, by force only a message; the others are removed', { skip }, async (context) => {
  const strata = await built(context, 'app:1', 'app:2');
  const some = await strata('rmi', 'absent', 'app:1');
  assert.equal(some.code, 1);
  assert.equal(some.stdout, 'Untagged: app:1\n');
  assert.match(some.stderr, /No such image: absent:latest/);
  const forced = await strata('rmi', '-f', 'absent');
  assert.equal(forced.code, 0);
  assert.match(forced.stderr, /No such image: absent:latest/);
});

test('an image that a container uses stays', { skip }, async (context) => {
  const strata = strataCommand(context);
  const example = `${import.meta.dirname}/../../examples/hello-world`;
  assert.equal((await strata('build', '-t', 'hello', example)).code, 0);
  assert.equal((await strata('run', '--name', 'user', 'hello')).code, 0);
  const id = await idOf(strata, 'hello');
  const short = id.slice(7, 19);
  const byName = await strata('rmi', 'hello');
  assert.equal(byName.code, 1);
  assert.match(
    byName.stderr,
    new RegExp(
      'conflict: unable to remove repository reference "hello" \\(must force\\) - ' +
        `container [0-9a-f]{12} is using its referenced image ${short}`,
    ),
  );
  const byId = await strata('rmi', short);
  assert.match(
    byId.stderr,
    new RegExp(`conflict: unable to delete ${short} \\(must be forced\\) - image is being used by stopped container`),
  );
  assert.equal((await strata('tag', 'hello', 'again')).code, 0);
  assert.equal((await strata('rmi', 'hello')).code, 0, 'another name remains');
  const forced = await strata('rmi', '-f', 'again');
  assert.deepEqual(forced, { code: 0, stdout: 'Untagged: again:latest\n', stderr: '' });
});

test('the image of a running container cannot be removed by force, its name can', {
  skip: skip || needs('busybox'),
}, async (context) => {
  const strata = strataCommand(context);
  const folder = buildContext(context, ['FROM scratch', 'COPY --chmod=755 busybox /busybox'], {
    busybox: readFileSync('/bin/busybox'),
  });
  assert.equal((await strata('build', '-t', 'box', folder)).code, 0);
  const id = await idOf(strata, 'box');
  await using engine = await Engine.open({ root: strata.root });
  await using running = engine.containers.run({
    image: 'box',
    command: ['/busybox', 'sh', '-c', 'echo up; exec /busybox sleep 1000'],
  });
  for await (const event of running) if (event.type === 'output') break;
  const forced = await strata('rmi', '-f', id);
  assert.equal(forced.code, 1);
  assert.match(
    forced.stderr,
    new RegExp(
      `conflict: unable to delete ${id.slice(7, 19)} \\(cannot be forced\\) - ` +
        'image is being used by running container [0-9a-f]{12}',
    ),
  );
  const named = await strata('rmi', '-f', 'box');
  assert.deepEqual(named, { code: 0, stdout: 'Untagged: box:latest\n', stderr: '' });
  assert.match((await strata('images')).stdout, /<none> +<none>/);
});
