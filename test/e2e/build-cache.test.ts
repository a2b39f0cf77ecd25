import assert from 'node:assert/strict';
import { appendFileSync, chmodSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { folderWith } from '../helpers/build-folder.ts';
import { needs } from '../helpers/needs.ts';
import { strataCommand } from '../helpers/strata.ts';
import { file, tar } from '../helpers/tar-builder.ts';

const skip = needs('root', 'overlay');

/** Ten steps, of which the tenth differs in each image. */
const dockerfile = (last: number): string =>
  [
    'FROM scratch',
    ...Array.from({ length: 6 }, (_, at) => `COPY part-${at} /parts/${at}`),
    'WORKDIR /work',
    'ADD archive.tar /unpacked/',
    'COPY --chown=5:6 --chmod=640 folder ./',
    `COPY <<EOF /last`,
    `image ${last}`,
    'EOF',
  ].join('\n');

test('ten images from one Dockerfile with a changing last step take nine steps from the cache each time', {
  skip,
}, async (t) => {
  const strata = strataCommand(t);
  const parts = Object.fromEntries(Array.from({ length: 6 }, (_, at) => [`part-${at}`, `part ${at}`]));
  const folder = folderWith(t, { ...parts, 'archive.tar': tar(file('in', 'x')), 'folder/f': 'y', 'folder/s/g': 'z' });
  const build = async (last: number): Promise<{ readonly cached: number; readonly done: number }> => {
    writeFileSync(join(folder, 'Dockerfile'), dockerfile(last));
    const { code, stderr } = await strata('build', '--progress', 'plain', '-t', `image:${last}`, folder);
    assert.equal(code, 0, stderr);
    const count = (pattern: RegExp): number => stderr.match(pattern)?.length ?? 0;
    return { cached: count(/^#\d+ CACHED$/gm), done: count(/^#\d+ DONE/gm) };
  };
  assert.deepEqual(await build(0), { cached: 0, done: 10 });
  for (let last = 1; last < 10; last++) assert.deepEqual(await build(last), { cached: 9, done: 1 }, `image ${last}`);
  assert.deepEqual(await build(3), { cached: 10, done: 0 }, 'one that was there');
  const images = await strata('images', '-q', '--no-trunc', 'image');
  assert.equal(new Set(images.stdout.trim().split('\n')).size, 10);

  const at = (name: string): string => join(folder, name);
  utimesSync(at('part-2'), 1, 1);
  utimesSync(at('folder'), 1, 1);
  utimesSync(at('archive.tar'), 1, 1);
  writeFileSync(at('part-3'), 'part 3');
  assert.deepEqual(await build(3), { cached: 10, done: 0 }, 'touched, and written as it was');
  writeFileSync(at('part-3'), 'Part 3');
  assert.deepEqual(await build(3), { cached: 3, done: 7 }, 'a byte');
  chmodSync(at('folder/f'), 0o600);
  assert.deepEqual(await build(3), { cached: 8, done: 2 }, 'a mode');
  appendFileSync(at('archive.tar'), new Uint8Array(512));
  assert.deepEqual(await build(3), { cached: 7, done: 3 }, 'an archive');
  writeFileSync(at('part-9'), 'not copied');
  assert.deepEqual(await build(3), { cached: 10, done: 0 }, 'a file that is not copied');
});
