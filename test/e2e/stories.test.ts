// Uses of images, played with the command from beginning to end.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { buildContext } from '../helpers/build-context.ts';
import { temporaryFolder } from '../helpers/build-folder.ts';
import { busyboxContext } from '../helpers/busybox-image.ts';
import { needs } from '../helpers/needs.ts';
import { type StrataCommand, strataCommand } from '../helpers/strata.ts';

const skip = needs('root', 'runc', 'overlay', 'busybox');
// Sizes in the stories, or a tenth of them.
const unit = process.env['STRATA_SOAK'] === undefined ? 100_000 : 1_000_000;
// Bytes beside the layers: the database with its journal, indexes, build cache.
const overhead = 6_000_000;

/** Returns the standard output of a command that must succeed. */
async function ok(running: ReturnType<StrataCommand>): Promise<string> {
  const { code, stdout, stderr } = await running;
  assert.equal(code, 0, stderr);
  return stdout;
}

async function build(context: TestContext, strata: StrataCommand, tag: string, ...lines: string[]): Promise<void> {
  await ok(strata('build', '-q', '-t', tag, buildContext(context, lines)));
}

/** Converts bytes to units, rounded. */
const units = (bytes: number): number => Math.round(bytes / unit);

const parseLines = (text: string): Record<string, unknown>[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test('three images share their base: each shows its full size, and the disk holds the base once', {
  skip,
}, async (context) => {
  const strata = strataCommand(context);
  for (const [tag, from, size] of [
    ['base', 'scratch', 200],
    ['image1', 'base', 20],
    ['image2', 'base', 100],
  ] as const) {
    const folder = buildContext(context, [`FROM ${from}`, `COPY data /${tag}`], { data: randomBytes(size * unit) });
    await ok(strata('build', '-q', '-t', tag, folder));
  }
  const sizes = new Map<unknown, unknown>();
  for (const name of ['base', 'image1', 'image2']) {
    sizes.set(name, units(Number(await ok(strata('inspect', '--format', '{{.Size}}', name)))));
  }
  assert.deepEqual(
    [...sizes],
    [
      ['base', 200],
      ['image1', 220],
      ['image2', 300],
    ],
  );
  const shown = unit === 1_000_000 ? ['200MB', '220MB', '300MB'] : ['20MB', '22MB', '30MB'];
  const listed = await ok(strata('images', '--format', '{{.Repository}} {{.Size}}'));
  assert.deepEqual(
    listed.trim().split('\n').sort(),
    ['base', 'image1', 'image2'].map((name, at) => `${name} ${shown[at]}`),
  );

  const tree = JSON.parse(await ok(strata('images', '--tree', '--format', 'json'))) as {
    readonly Images: readonly Record<string, unknown>[];
  };
  const parts = tree.Images.map((image) => [
    (image['RepoTags'] as string[])[0],
    units(Number(image['SharedSize'])),
    units(Number(image['UniqueSize'])),
  ]);
  assert.deepEqual(parts.sort(), [
    ['base:latest', 200, 0],
    ['image1:latest', 200, 20],
    ['image2:latest', 200, 100],
  ]);

  const [images] = parseLines(await ok(strata('system', 'df', '--format', '{{json .}}')));
  assert.equal(images?.['Type'], 'Images');
  const amount = Number.parseFloat(String(images?.['Size']));
  assert.ok(Math.abs(amount - (320 * unit) / 1e6) < 1, String(images?.['Size']));
  const used = Number(execFileSync('du', ['-s', '-B1', strata.root], { encoding: 'utf8' }).split('\t')[0]);
  assert.ok(units(used) >= 320 && used < 320 * unit + overhead, `du says ${used}`);

  await ok(strata('rmi', 'image2'));
  await ok(strata('builder', 'prune', '-af'));
  const left = Number(execFileSync('du', ['-s', '-B1', strata.root], { encoding: 'utf8' }).split('\t')[0]);
  assert.ok(left < 220 * unit + overhead, `du says ${left} after one image went`);
});

test('a file that one step writes and the next removes stays in the image, and history shows where', {
  skip,
}, async (context) => {
  const strata = strataCommand(context);
  await ok(strata('build', '-q', '-t', 'box', busyboxContext(context)));
  const write = `dd if=/dev/urandom of=/50M.file bs=${unit} count=50`;
  await build(context, strata, 'trap', 'FROM box', `RUN ${write}`, 'RUN rm -rf /50M.file');
  await build(context, strata, 'cure', 'FROM box', `RUN ${write} && rm -rf /50M.file`);
  const size = async (name: string): Promise<number> =>
    Number(await ok(strata('inspect', '--format', '{{.Size}}', name)));
  assert.equal((await size('trap')) - (await size('cure')), 50 * unit);
  const steps = async (name: string): Promise<string[]> => {
    const format = '{{.Size}} {{.CreatedBy}}';
    const lines = await ok(strata('history', '--human=false', '--no-trunc', '--format', format, name));
    return lines
      .split('\n')
      .filter((line) => line.includes('50M.file'))
      .map((line) => line.replace(/^(\d+).*(dd|rm) .*/, '$1 $2'));
  };
  assert.deepEqual(await steps('trap'), ['0 rm', `${50 * unit} dd`]);
  assert.deepEqual(await steps('cure'), ['0 rm']);
});

test('an image saved to a file, removed and loaded on an empty store runs as before', { skip }, async (context) => {
  const strata = strataCommand(context);
  await ok(strata('build', '-q', '-t', 'box:1', busyboxContext(context, ['RUN echo made > /made'])));
  const identity = async (from: StrataCommand): Promise<string> =>
    await ok(from('inspect', '--format', '{{.Id}} {{json .RepoDigests}} {{json .RootFS}}', 'box:1'));
  const [before, history] = [await identity(strata), await ok(strata('history', '--no-trunc', '-q', 'box:1'))];
  const archive = join(temporaryFolder(context), 'box.tar');
  await ok(strata('save', '-o', archive, 'box:1'));
  await ok(strata('rmi', 'box:1'));
  assert.equal((await strata('run', '--rm', 'box:1')).code, 125);
  const other = strataCommand(context);
  for (const store of [strata, other]) {
    await ok(store('load', '-i', archive));
    assert.equal(await identity(store), before);
    assert.equal(await ok(store('history', '--no-trunc', '-q', 'box:1')), history);
    assert.equal(await ok(store('run', '--rm', 'box:1', 'cat', '/made')), 'made\n');
  }
});
