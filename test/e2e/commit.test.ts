// Changes of a container become a layer, as with docker; the container stays as it is.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Engine } from '../../src/engine/index.ts';
import { busyboxContext } from '../helpers/busybox-image.ts';
import { shortListing, withImageTree } from '../helpers/image-tree.ts';
import { needs } from '../helpers/needs.ts';
import { createRandom } from '../helpers/random.ts';
import { placesOf } from '../helpers/store-places.ts';
import { storeRoot } from '../helpers/store-root.ts';
import { type StrataCommand, strataCommand, strataPath } from '../helpers/strata.ts';

const skip = needs('root', 'runc', 'overlay', 'busybox');

async function withBox(context: TestContext, ...more: readonly string[]): Promise<StrataCommand> {
  const strata = strataCommand(context);
  const built = await strata('build', '-q', '-t', 'box', busyboxContext(context, more));
  assert.equal(built.code, 0, built.stderr);
  return strata;
}

/** Returns the standard output of a command that must succeed. */
async function ok(running: ReturnType<StrataCommand>): Promise<string> {
  const { code, stdout, stderr } = await running;
  assert.equal(code, 0, stderr);
  return stdout;
}

const inspectImage = async (strata: StrataCommand, image: string): Promise<Record<string, unknown>> =>
  JSON.parse(await ok(strata('inspect', '--format', '{{json .}}', image))) as Record<string, unknown>;

const snapshotsOf = (strata: StrataCommand): string[] => readdirSync(placesOf(strata).trees).sort();

const work = `echo new > /tmp/new; chmod 4711 /tmp/new; rm /etc/group; rm -r /home; mkdir -p /home/other;
  echo more >> /etc/passwd`;

for (const driver of ['overlay2', 'vfs']) {
  test(`added, changed and deleted files are the layer, mount points are not (${driver})`, {
    skip,
  }, async (context) => {
    const strata = strataCommand(context);
    const env = { STRATA_ROOT: storeRoot(context) };
    const run = async (...args: string[]): Promise<string> =>
      await ok(strata.with({ env }, '--storage-driver', driver, ...args));
    await run('build', '-q', '-t', 'box', busyboxContext(context));
    await run('run', '--name', 'one', 'box', 'sh', '-c', work);
    const id = (await run('commit', 'one', 'changed')).trim();
    assert.match(id, /^sha256:[0-9a-f]{64}$/);
    assert.equal((await run('commit', 'one')).startsWith('sha256:'), true, 'a second time');
    await using engine = await Engine.open({ root: env.STRATA_ROOT, storageDriver: driver });
    const lines = await withImageTree(engine, 'changed', (tree) => shortListing(tree), driver as 'overlay2' | 'vfs');
    const shown = lines.filter((line) => !/ \/bin/.test(line));
    assert.deepEqual(shown, [
      'd755 0:0 /etc',
      '-644 0:0 /etc/passwd "root:x:0:0:root:/root:/bin/sh\\nme:x:1001:"',
      'd755 0:0 /home',
      'd755 0:0 /home/other',
      'd1777 0:0 /tmp',
      '-4711 0:0 /tmp/new "new\\n"',
    ]);
    const { damages, orphans } = await engine.system.check().result;
    assert.deepEqual({ damages, orphans }, { damages: [], orphans: [] });
    const chains = (await engine.images.list()).map(({ sizeBytes }) => sizeBytes);
    assert.equal(new Set(chains).size, 2, 'both commits have the same layers');
  });
}

test("the container's settings and --change make the config, author and comment the history", {
  skip,
}, async (context) => {
  const strata = await withBox(context, 'LABEL from=image');
  const run = ['-e', 'OWN=1', '--label', 'of=container', '-w', '/tmp', '-u', 'me', '--name', 'one'];
  await ok(strata('run', ...run, 'box', 'sh', '-c', 'true'));
  const changes = ['-c', 'ENV LAST=x', '-c', 'EXPOSE 80', '--change', 'LABEL added=here'];
  const id = (await ok(strata('commit', '-a', 'A <a@b>', '-m', 'why', ...changes, 'one', 'made:1'))).trim();
  const image = await inspectImage(strata, 'made:1');
  assert.equal(image['Id'], id);
  assert.deepEqual([image['Author'], image['Comment']], ['A <a@b>', 'why']);
  const config = image['Config'] as Record<string, unknown>;
  assert.deepEqual(config['Cmd'], ['sh', '-c', 'true']);
  const own = (config['Env'] as string[]).filter((entry) => !entry.startsWith('PATH='));
  assert.deepEqual(own, ['OWN=1', 'FROM_IMAGE=yes', 'LAST=x']);
  assert.deepEqual(config['Labels'], { from: 'image', of: 'container', added: 'here' });
  assert.deepEqual(config['ExposedPorts'], { '80/tcp': {} });
  assert.deepEqual([config['User'], config['WorkingDir']], ['me', '/tmp']);
  const [newest] = (
    await ok(strata('history', '--no-trunc', '--format', '{{.CreatedBy}}|{{.Size}}|{{.Comment}}', 'made:1'))
  ).split('\n');
  assert.equal(newest, 'sh -c true|0B|why');
  const layers = async (name: string): Promise<string> => await ok(strata('inspect', '-f', '{{json .RootFS}}', name));
  assert.equal(await layers('made:1'), await layers('box'), 'nothing changed: no layer');
});

test('an invalid commit is refused, and leaves nothing', { skip }, async (context) => {
  const strata = await withBox(context);
  await ok(strata('run', '--name', 'one', 'box', 'touch', '/x'));
  const before = snapshotsOf(strata);
  const cases: readonly (readonly [args: readonly string[], message: RegExp])[] = [
    [['absent'], /No such container: absent/],
    [['one', 'Upper'], /invalid reference format: repository name .*must be lowercase/],
    [['one', `x@sha256:${'0'.repeat(64)}`], /refusing to create a tag with a digest reference/],
    [['-c', 'RUN true', 'one', 'x'], /RUN is not a valid change command/],
  ];
  for (const [args, message] of cases) {
    const { code, stdout, stderr } = await strata('commit', ...args);
    assert.deepEqual([code, stdout], [1, ''], args.join(' '));
    assert.match(stderr, message);
  }
  assert.deepEqual(snapshotsOf(strata), before);
  assert.equal((await ok(strata('images', '-q'))).trim().split('\n').length, 1);
});

test('a running container is paused while it is committed, and goes on afterwards', { skip }, async (context) => {
  const strata = await withBox(context);
  await using engine = await Engine.open({ root: strata.root });
  const script = 'echo a > /tmp/a; echo b > /tmp/b; echo up; while true; do echo a >> /tmp/a; echo b >> /tmp/b; done';
  await using running = engine.containers.run({ image: 'box', name: 'busy', command: ['sh', '-c', script] });
  for await (const event of running) if (event.type === 'output') break;
  await ok(strata('container', 'commit', 'busy', 'moment'));
  const lines = async (image: string): Promise<number[]> => {
    const shown = await ok(strata('run', '--rm', image, 'wc', '-l', '/tmp/a', '/tmp/b'));
    return shown.trim().split(/\s+/).map(Number).filter(Number.isInteger);
  };
  const [a = 0, b = 0] = await lines('moment');
  assert.ok(a > 0 && (a === b || a === b + 1), `two files of one moment: ${a} ${b}`);
  await ok(strata('commit', '--pause=false', 'busy', 'later'));
  const [later = 0] = await lines('later');
  assert.ok(later > a, 'it went on');
});

test('a commit killed at any moment is whole or nothing', { skip }, async (context) => {
  const strata = await withBox(context);
  const script = 'for i in 1 2 3 4 5 6 7 8; do dd if=/dev/urandom of=/tmp/$i bs=1M count=2; done';
  await ok(strata('run', '--name', 'one', 'box', 'sh', '-c', script));
  const random = createRandom(5);
  const rounds = process.env['STRATA_SOAK'] === undefined ? 6 : 60;
  for (let round = 0; round < rounds; round++) {
    const child = spawn(strataPath, ['commit', 'one', 'c'], {
      env: { ...process.env, STRATA_ROOT: strata.root },
      stdio: 'ignore',
    });
    const ended = new Promise((resolve) => child.once('close', resolve));
    await sleep(150 + random.next(600));
    child.kill('SIGKILL');
    await ended;
    const names = (await ok(strata('images', '--format', '{{.Repository}}'))).trim().split('\n');
    if (names.includes('c')) {
      await ok(strata('run', '--rm', 'c', 'cat', '/tmp/8'));
      await ok(strata('rmi', 'c'));
    }
  }
  await ok(strata('commit', 'one', 'c'));
  assert.match(await ok(strata('system', 'check')), /no damage found/);
  await ok(strata('rmi', 'c'));
  await ok(strata('system', 'prune', '-f'));
  assert.equal(snapshotsOf(strata).length, 1, 'the layer of the image, which the build cache holds as well');
});
