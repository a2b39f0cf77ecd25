import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { buildContext } from '../helpers/build-context.ts';
import { needs } from '../helpers/needs.ts';
import { placesOf } from '../helpers/store-places.ts';
import { type StrataCommand, strataCommand } from '../helpers/strata.ts';

const skip = needs('root', 'runc', 'overlay');
const mega = 1 << 20;

interface Built {
  readonly strata: StrataCommand;
  readonly build: () => Promise<string>;
}

/** Builds an image of two layers, 1 and 2 MiB. */
async function buildTwoLayers(context: TestContext): Promise<Built> {
  const strata = strataCommand(context);
  const folder = buildContext(context, ['FROM scratch', 'COPY one /one', 'COPY two /two'], {
    one: randomBytes(mega),
    two: randomBytes(2 * mega),
  });
  const build = async (): Promise<string> => {
    const { code, stdout, stderr } = await strata('build', '-t', 'app', folder);
    assert.equal(code, 0, stderr);
    return stdout + stderr;
  };
  await build();
  return { strata, build };
}

const idOf = async (strata: StrataCommand): Promise<string> =>
  (await strata('inspect', '--format', '{{.Id}}', 'app')).stdout.trim();

const snapshots = (strata: StrataCommand): number => readdirSync(placesOf(strata).trees).length;

test('builder prune keeps as much of the cache as is asked for, the last used first', { skip }, async (context) => {
  const { strata } = await buildTwoLayers(context);
  assert.equal((await strata('rmi', 'app')).code, 0);
  const prune = async (keep: string): Promise<string> => {
    const { code, stdout, stderr } = await strata('builder', 'prune', '-f', '--keep-storage', keep);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  assert.equal(await prune('10MB'), 'Total reclaimed space: 0B\n');
  assert.match(await prune('2500k'), /^Deleted build cache objects:\n[0-9a-f]{64}\n\n/);
  assert.equal((await strata('builder', 'du', '--format', '{{.ID}}')).stdout.trim().split('\n').length, 1);
  assert.match(await prune('1'), /^Deleted build cache objects:\n[0-9a-f]{64}\n\nTotal reclaimed space: 3\.1/);
  const wrong = await strata('builder', 'prune', '-f', '--keep-storage', 'much');
  assert.equal(wrong.code, 125);
  assert.match(wrong.stderr, /invalid argument "much" for "--keep-storage" flag: invalid size: 'much'/);
});

test('the cache is listed, and its removal does no harm to images', { skip }, async (context) => {
  const { strata, build } = await buildTwoLayers(context);
  const shared = (await strata('builder', 'du')).stdout;
  assert.match(shared, /^ID +RECLAIMABLE +SIZE +LAST ACCESSED +DESCRIPTION\n/);
  assert.match(shared, /\n[0-9a-f]{64} +false +1\.0\d+MB\* +\S.* ago +\[1\/2\] COPY one \/one\n/);
  assert.match(shared, /\nShared: +3\.1\d+MB\nPrivate: +0B\nReclaimable: +0B\nTotal: +3\.1\d+MB\n$/);

  const none = await strata('builder', 'prune', '-f');
  assert.equal(none.stdout, 'Total reclaimed space: 0B\n', 'the image stands on all of it');
  const asked = await strata('builder', 'prune', '-a');
  const question = 'WARNING! This will remove all build cache. Are you sure you want to continue? [y/N] ';
  assert.deepEqual(asked, { code: 0, stdout: question, stderr: '' });
  const all = await strata.with({ input: 'y\n' }, 'builder', 'prune', '-a');
  assert.match(
    all.stdout.slice(question.length),
    /^Deleted build cache objects:\n[0-9a-f]{64}\n[0-9a-f]{64}\n\nTotal reclaimed space: 0B\n$/,
  );
  assert.equal(snapshots(strata), 2, 'the image keeps its layers');
  assert.match((await strata('system', 'check')).stdout, /no damage found/);
  assert.doesNotMatch(await build(), /CACHED/);
});

test('the layers of an image without cache go with it, the topmost first', { skip }, async (context) => {
  const { strata } = await buildTwoLayers(context);
  await strata('builder', 'prune', '-af');
  const id = await idOf(strata);
  const { stdout } = await strata('rmi', 'app');
  const lines = stdout.trimEnd().split('\n');
  assert.deepEqual(lines.slice(0, 2), ['Untagged: app:latest', `Deleted: ${id}`]);
  assert.equal(lines.length, 4, 'two chains');
  assert.equal(snapshots(strata), 0);
  assert.deepEqual(readdirSync(placesOf(strata).indexes), []);
  assert.deepEqual(readdirSync(placesOf(strata).blobs), []);
});

test('layers that another image needs stay', { skip }, async (context) => {
  const { strata } = await buildTwoLayers(context);
  const folder = buildContext(context, ['FROM app', 'COPY more /more'], { more: 'x' });
  assert.equal((await strata('build', '-t', 'child', folder)).code, 0);
  await strata('builder', 'prune', '-af');
  const { stdout } = await strata('rmi', 'child');
  assert.equal(stdout.trimEnd().split('\n').length, 3, 'name, image, one chain');
  assert.equal(snapshots(strata), 2);
  assert.equal((await strata('rmi', 'app')).stdout.trimEnd().split('\n').length, 4);
  assert.equal(snapshots(strata), 0);
});

test('layers that only the cache keeps are freed by its prune', { skip }, async (context) => {
  const { strata } = await buildTwoLayers(context);
  await strata('rmi', 'app');
  assert.equal((await strata('builder', 'prune', '-f', '--filter', 'until=1h')).stdout, 'Total reclaimed space: 0B\n');
  assert.match((await strata('builder', 'prune', '-f', '--filter', 'colour=red')).stderr, /invalid filter 'colour'/);
  const { stdout } = await strata('builder', 'prune', '-f');
  assert.match(stdout, /^Deleted build cache objects:\n(?:[0-9a-f]{64}\n){2}\nTotal reclaimed space: 3\.1\d+MB\n$/);
  assert.equal(snapshots(strata), 0);
});

test('system prune removes containers, images and cache', { skip }, async (context) => {
  const { strata } = await buildTwoLayers(context);
  assert.equal((await strata('build', '-t', 'hello', `${import.meta.dirname}/../../examples/hello-world`)).code, 0);
  assert.equal((await strata('run', '--name', 'user', 'hello')).code, 0);
  const asked = await strata.with({ input: 'no\n' }, 'system', 'prune', '-a', '--filter', 'label=x');
  assert.equal(
    asked.stdout,
    'WARNING! This will remove:\n  - all stopped containers\n  - all networks not used by at least one container\n' +
      '  - all images without at least one container associated to them\n  - all build cache\n\n' +
      '  Items to be pruned will be filtered with:\n  - label=x\n\nAre you sure you want to continue? [y/N] ',
  );
  const some = (await strata('system', 'prune', '-f')).stdout;
  assert.match(some, /^Deleted Containers:\n[0-9a-f]{64}\n\nTotal reclaimed space: \S+\n$/);
  const all = (await strata('system', 'prune', '-af')).stdout;
  assert.match(
    all,
    /^Deleted Images:\n(?:untagged: \S+\n|deleted: sha256:[0-9a-f]{64}\n){4}\nDeleted build cache objects:/,
  );
  assert.equal(snapshots(strata), 0);
  assert.deepEqual(readdirSync(placesOf(strata).trash), [], 'a prune frees the space at once');
  assert.match((await strata('system', 'check')).stdout, /^checked: 0 blobs, 0 images, 0 layers\nno damage found\n$/);
});
