import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { buildContext } from '../helpers/build-context.ts';
import { needs } from '../helpers/needs.ts';
import { type StrataCommand, strataCommand } from '../helpers/strata.ts';

const skip = needs('root', 'runc');

/** Creates a store of three images: one without a name, one with two, one with a label. */
async function createStore(context: TestContext): Promise<StrataCommand> {
  const strata = strataCommand(context);
  for (const [dockerfile, ...tags] of [
    ['LABEL n=1', 'a:1'],
    ['LABEL n=2', 'a:1', 'b:1'],
    ['LABEL n=3', 'c:1'],
  ] as const) {
    const folder = buildContext(context, ['FROM scratch', dockerfile]);
    const result = await strata('build', ...tags.flatMap((tag) => ['-t', tag]), folder);
    assert.equal(result.code, 0, result.stderr);
  }
  return strata;
}

const names = async (strata: StrataCommand, ...flags: readonly string[]): Promise<string> =>
  (await strata('images', '--format', '{{.Repository}}:{{.Tag}}', ...flags)).stdout.split('\n').sort().join(' ').trim();

test('images are filtered and pruned by label, age and name', { skip }, async (context) => {
  const strata = await createStore(context);
  assert.equal(await names(strata), '<none>:<none> a:1 b:1 c:1');
  assert.equal(await names(strata, '--filter', 'dangling=true'), '<none>:<none>');
  assert.equal(await names(strata, '-f', 'label=n=2'), 'a:1 b:1');
  assert.equal(await names(strata, '[ab]'), 'a:1 b:1');
  assert.match((await strata('images', '-f', 'colour=red')).stderr, /invalid filter 'colour'/);
  assert.match((await strata('images', '-f', 'before=absent')).stderr, /No such image: absent:latest/);

  for (const [flag, ...words] of [
    ['-f, --filter', 'images'],
    ['--filter', 'image', 'prune', '-f'],
  ] as const) {
    const refused = await strata(...words, '--filter', 'bad');
    assert.equal(refused.code, 125);
    const message = `strata: invalid argument "bad" for "${flag}" flag: bad format of filter (expected name=value)\n`;
    assert.ok(refused.stderr.startsWith(message), refused.stderr);
  }

  const warning = 'WARNING! This will remove all dangling images.\nAre you sure you want to continue? [y/N] ';
  assert.deepEqual(await strata.with({ input: 'n\n' }, 'image', 'prune'), { code: 0, stdout: warning, stderr: '' });
  assert.deepEqual(await strata('image', 'prune'), { code: 0, stdout: warning, stderr: '' }, 'no answer is a no');
  const dangling = await strata.with({ input: 'y\n' }, 'image', 'prune');
  assert.match(
    dangling.stdout.slice(warning.length),
    /^Deleted Images:\ndeleted: sha256:[0-9a-f]{64}\n\nTotal reclaimed space: 0B\n$/,
  );
  assert.equal(await names(strata), 'a:1 b:1 c:1');
  assert.equal((await strata('image', 'prune', '-f')).stdout, 'Total reclaimed space: 0B\n');

  const labelled = await strata('image', 'prune', '-a', '-f', '--filter', 'label=n=2', '--filter', 'until=0s');
  assert.match(labelled.stdout, /^Deleted Images:\nuntagged: a:1\nuntagged: b:1\ndeleted: sha256:/);
  assert.equal(await names(strata), 'c:1');
  assert.equal(
    (await strata('image', 'prune', '-a', '-f', '--filter', 'until=24h')).stdout,
    'Total reclaimed space: 0B\n',
  );
  assert.match((await strata('image', 'prune', '-af')).stdout, /untagged: c:1/);
  assert.equal(await names(strata), '');
});
