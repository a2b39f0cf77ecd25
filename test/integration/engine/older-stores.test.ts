import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { globSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import type { RecordedStore } from '../../golden/stores/recorded-store.ts';
import { needs } from '../../helpers/needs.ts';
import { type StrataCommand, strataCommand } from '../../helpers/strata.ts';

const recordings = join(import.meta.dirname, '../../golden/stores');
const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');

/** Format 3 forgets the cache of builds. */
const isKept = (row: string): boolean => !row.startsWith('Build Cache');

/** Unpacks a recorded store at the command's root; returns the build context recorded with it. */
function restore({ root }: StrataCommand, archive: string): string {
  const folder = `${root}/restored`;
  mkdirSync(folder, { recursive: true });
  execFileSync('tar', ['-C', folder, '--xattrs', '--xattrs-include=*', '-xJf', archive]);
  for (const path of globSync(`${folder}/store/*`)) renameSync(path, join(root, basename(path)));
  rmSync(join(folder, 'store'), { recursive: true });
  return join(folder, 'context');
}

async function stdoutOf(strata: StrataCommand, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await strata(...args);
  assert.equal(code, 0, `${args.join(' ')}: ${stderr}`);
  return stdout;
}

for (const path of globSync(join(recordings, '*.json')).sort()) {
  const name = basename(path, '.json');
  const driver = name.slice(name.lastIndexOf('-') + 1);
  // The container's program is for that processor.
  const skip =
    needs('root', 'runc', 'xz', ...(driver === 'overlay2' ? ['overlay'] : [])) ||
    (process.arch === 'x64' ? false : 'the recorded programs are for x86-64');

  test(`store ${name} opens, lists, checks, saves the same bytes and runs`, { skip }, async (context) => {
    const command = strataCommand(context);
    const recorded = JSON.parse(readFileSync(path, 'utf8')) as RecordedStore;
    const build = restore(command, join(recordings, `${name}.tar.xz`));
    const strata = (...args: readonly string[]): Promise<string> =>
      stdoutOf(command, '--storage-driver', driver, ...args);

    const images = await strata('images', '-a', '--no-trunc', '--format', '{{.Repository}}:{{.Tag}} {{.ID}} {{.Size}}');
    assert.deepEqual(lines(images), recorded.images);
    const containers = await strata('ps', '-a', '--no-trunc', '--format', '{{.Names}} {{.ID}} {{.Image}} {{.State}}');
    assert.deepEqual(lines(containers), recorded.containers);
    const usage = lines(await strata('system', 'df', '--format', '{{.Type}} {{.TotalCount}} {{.Active}}'));
    // An older store has no rows of later versions.
    for (const row of recorded.usage.filter(isKept))
      assert.ok(usage.includes(row), `${row} is not in ${usage.join(', ')}`);
    assert.equal(await strata('logs', 'exited'), recorded.logs);
    assert.deepEqual(lines(await strata('diff', 'renamed')), recorded.diff);

    await strata('system', 'check');
    const saved = join(command.root, 'restored/saved.tar');
    for (const [image, digest] of Object.entries(recorded.saved)) {
      await strata('save', '-o', saved, image);
      assert.equal(createHash('sha256').update(readFileSync(saved)).digest('hex'), digest, image);
    }

    assert.equal(await strata('start', '-a', 'created'), 'built\n');
    assert.equal(await strata('run', '--rm', 'loaded:1'), 'loaded\n');
    assert.equal(await strata('run', '--rm', 'imported:1'), 'imported\n');
    for (const cached of [0, 3]) {
      const built = await command('--storage-driver', driver, 'build', '--progress', 'plain', '-t', 'again', build);
      assert.equal(built.code, 0, built.stderr);
      assert.equal([...(built.stdout + built.stderr).matchAll(/\bCACHED\b/g)].length, cached);
    }

    await strata('rm', 'created', 'exited', 'renamed');
    await strata('system', 'prune', '-af');
    assert.equal(await strata('images', '-aq'), '');
    await strata('system', 'check');
  });
}
