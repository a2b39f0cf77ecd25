import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { image, TestLayout } from '../helpers/image-archives.ts';
import { needs } from '../helpers/needs.ts';
import { startCommand } from '../helpers/start-command.ts';
import { type StrataCommand, strataCommand, strataPath } from '../helpers/strata.ts';
import { file, tar } from '../helpers/tar-builder.ts';
import { until } from '../helpers/until.ts';

const example = join(import.meta.dirname, '../../examples/hello-world');
const skip = needs('root', 'runc');

function folder(context: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'strata-e2e-save-'));
  context.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

async function out(strata: StrataCommand, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await strata(...args);
  assert.equal(code, 0, stderr);
  return stdout;
}

const identity = ['images', '--no-trunc', '--format', '{{.Repository}}:{{.Tag}} {{.ID}} {{.Digest}}'] as const;

test('a saved image loads into an empty store with the same IDs and digests, and runs', { skip }, async (context) => {
  const here = strataCommand(context);
  const archive = join(folder(context), 'hello.tar');
  await out(here, 'build', '-t', 'hello-world', example);
  assert.deepEqual(await here('save', '-o', archive, 'hello-world'), { code: 0, stdout: '', stderr: '' });
  for (const format of ['docker-archive', 'oci-archive']) {
    await out(here, 'save', '--format', format, '-q', '-o', archive, 'hello-world');
    const there = strataCommand(context);
    const loaded = { code: 0, stdout: 'Loaded image: hello-world:latest\n', stderr: '' };
    assert.deepEqual(await there('load', '-i', archive), loaded);
    assert.equal(await out(there, ...identity), await out(here, ...identity));
    assert.match(await out(there, 'run', '--rm', 'hello-world'), /Hello from Strata!/);
    const again = join(folder(context), 'again.tar');
    await out(there, 'save', '--format', format, '-o', again, 'hello-world');
    assert.deepEqual(readFileSync(again), readFileSync(archive), 'saved again: the same bytes');
  }
});

test('save and load work through pipes, in docker’s words', { skip }, async (context) => {
  const here = strataCommand(context);
  const there = strataCommand(context);
  await out(here, 'build', '-t', 'hello-world', example);
  const id = (await out(here, 'images', '-q', '--no-trunc')).trim();
  const piped = execFileSync(
    'sh',
    ['-c', `"${strataPath}" --root "${here.root}" save ${id} | gzip | "${strataPath}" --root "${there.root}" load -q`],
    {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  assert.equal(piped, `Loaded image ID: ${id}\n`);

  const missing = await there('load', '-i', '/nonexistent/archive.tar');
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /open \/nonexistent\/archive.tar: no such file or directory/);
  const folderless = await there('save', '-o', '/nonexistent/x.tar', id);
  assert.equal(folderless.code, 1);
  assert.match(
    folderless.stderr,
    /failed to save image: invalid output path: directory "\/nonexistent" does not exist/,
  );
  const noise = await there.with({ input: 'this is no archive' }, 'load');
  assert.equal(noise.code, 1);
  assert.match(noise.stderr, /^strata: tar archive: .*\nhint: /);
});

test('load reads standard input from a file, from its beginning or from a later offset', { skip }, async (context) => {
  const here = strataCommand(context);
  await out(here, 'build', '-t', 'hello-world', example);
  const archive = join(folder(context), 'hello.tar');
  await out(here, 'save', '-o', archive, 'hello-world');
  const after = join(folder(context), 'after.tar');
  writeFileSync(after, Buffer.concat([Buffer.alloc(1024, 'x'), readFileSync(archive)]));
  for (const [first, file] of [
    ['', archive],
    ['dd bs=1024 count=1 of=/dev/null status=none;', after],
  ]) {
    const there = strataCommand(context);
    const script = `{ ${first} "${strataPath}" --root "${there.root}" load -q; } <"${file}"`;
    const loaded = execFileSync('sh', ['-c', script], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    assert.equal(loaded, 'Loaded image: hello-world:latest\n');
    assert.equal(await out(there, ...identity), await out(here, ...identity));
  }
});

test('a base and two images on it store every layer once, loaded together or apart', { skip }, async (context) => {
  const here = strataCommand(context);
  const files = folder(context);
  const build = async (tag: string, dockerfile: string): Promise<void> => {
    writeFileSync(join(files, 'Dockerfile'), dockerfile);
    await out(here, 'build', '-t', tag, files);
  };
  mkdirSync(join(files, 'one'));
  for (const [name, mib] of [
    ['base', 8],
    ['first', 1],
    ['second', 2],
  ] as const) {
    execFileSync('dd', ['if=/dev/urandom', `of=${join(files, name)}`, 'bs=1M', `count=${mib}`, 'status=none']);
  }
  await build('base', 'FROM scratch\nCOPY base /base\n');
  await build('first', 'FROM base\nCOPY first /first\n');
  await build('second', 'FROM base\nCOPY second /second\n');
  const archives = ['first', 'second', 'base'].map((name) => join(files, `${name}.tar`));
  for (const [at, name] of ['first', 'second', 'base'].entries())
    await out(here, 'save', '-o', archives[at] ?? '', name);
  await out(here, 'save', '-o', join(files, 'all.tar'), 'base', 'first', 'second');

  for (const list of [archives, [join(files, 'all.tar')]]) {
    const there = strataCommand(context);
    for (const archive of list) await out(there, 'load', '-q', '-i', archive);
    assert.equal(await out(there, ...identity), await out(here, ...identity));
    const usedMib = Number(
      execFileSync('du', ['-sm', join(there.root, 'snapshots'), join(there.root, 'content')], { encoding: 'utf8' })
        .trim()
        .split('\n')
        .reduce((total, line) => total + Number(line.split('\t')[0]), 0),
    );
    assert.ok(usedMib >= 11 && usedMib <= 13, `${usedMib} MiB for 11 MiB of layers`);
  }
});

test('a layout may be a folder of more files than a process may have open', {
  skip: needs('root', 'overlay'),
}, (context) => {
  const { root } = strataCommand(context);
  const path = folder(context);
  const layout = new TestLayout();
  const shared = tar(file('f', 'x'));
  const manifests = Array.from({ length: 150 }, (_, at) =>
    layout.image(image([shared], { author: `${at}` }), (layer) => gzipSync(layer), '+gzip'),
  );
  for (const [name, content] of Object.entries(layout.index(...manifests))) {
    mkdirSync(join(path, dirname(name)), { recursive: true });
    writeFileSync(join(path, name), content);
  }
  const script = 'ulimit -n 200; exec "$0" "$@"';
  const args = ['-c', script, strataPath, '--root', root, 'load', '-q', '-i', path];
  const { stdout, stderr } = spawnSync('sh', args, { encoding: 'utf8' });
  assert.equal(stderr, '');
  assert.equal(stdout.match(/^Loaded image ID: /gm)?.length, manifests.length);
});

test('an interrupt ends a command that waits for its input, though the input stays open', {
  skip: needs('root', 'overlay'),
}, async (context) => {
  for (const args of [['load'], ['build', '-']]) {
    const strata = strataCommand(context);
    const waiting = startCommand(context, strata, ...args);
    // The command listens to signals before it writes its lease, which is the first write.
    const path = join(strata.root, 'strata.db-wal');
    await until(
      () => (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0,
      () => `${args.join(' ')} has begun`,
    );
    waiting.child.kill('SIGINT');
    assert.deepEqual(await waiting.ended, { code: 130, signal: null }, args.join(' '));
    assert.deepEqual(waiting.output, { stdout: '', stderr: '' });
  }
});
