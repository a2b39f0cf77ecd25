// Copies into and out of hostile containers, and of very many files.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { isStrataError } from '../../../src/errors/index.ts';
import { folderWith, temporaryFolder } from '../../helpers/build-folder.ts';
import { assertNothingLeft } from '../../helpers/leftovers.ts';
import { needs } from '../../helpers/needs.ts';
import { isSoak } from '../../helpers/random.ts';
import { file, tar } from '../../helpers/tar-builder.ts';
import { testStore } from '../../helpers/test-store.ts';

const skip = needs('root', 'overlay', 'runc', 'conmon', 'busybox');

test('copies through a bound folder stay inside while another container swaps a part of the path (E9)', {
  skip,
}, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  const { containers } = engine;
  const shared = temporaryFolder(t, 'shared');
  const outside = folderWith(t, { file: 'of the host' }, 'outside');
  const given = folderWith(t, { file: 'given' }, 'given');
  mkdirSync(join(shared, 'place'));
  writeFileSync(join(shared, 'place/file'), 'of the container');
  const swap = `cd /shared; while true; do busybox mv place kept && busybox ln -s ${outside} place; rm place; busybox mv kept place; done`;
  const Binds = [`${shared}:/shared`];
  await containers.create({ image: 'busybox', name: 'swapper', command: ['sh', '-c', swap], host: { Binds } });
  await containers.create({ image: 'busybox', name: 'runs', command: ['sleep', '1000'], host: { Binds } });
  await containers.create({
    image: 'busybox',
    name: 'made',
    host: { Binds: [...Binds, `${given}:/shared/place/target`] },
  });
  for (const name of ['swapper', 'runs']) await containers.start(name);
  const done = { in: 0, out: 0 };
  const tryCopy = async (work: () => Promise<unknown>): Promise<number> => {
    try {
      await work();
      return 1;
    } catch (error) {
      // The path is missing at the moment, or is no directory.
      assert.ok(isStrataError(error), String(error));
      return 0;
    }
  };
  // Scheduling decides which of the two is found.
  const isLacking = (): boolean => done.in === 0 || done.out === 0;
  for (let round = 0; round < (isSoak ? 3000 : 60) || (isLacking() && round < 10_000); round++) {
    const name = round % 10 === 0 ? 'made' : 'runs';
    done.in += await tryCopy(
      async () => await containers.copyTo(name, { from: join(given, 'file'), path: '/shared/place/' }),
    );
    let bytes = Buffer.alloc(0);
    const to = async (chunk: Uint8Array): Promise<void> => void (bytes = Buffer.concat([bytes, chunk]));
    done.out += await tryCopy(async () => await containers.copyFrom(name, { path: '/shared/place/file', to }));
    assert.ok(!bytes.includes('of the host'), 'nothing of the host is read');
  }
  t.diagnostic(JSON.stringify(done));
  assert.ok(done.in > 0 && done.out > 0);
  assert.equal(readFileSync(join(outside, 'file'), 'utf8'), 'of the host');
  assert.deepEqual(readdirSync(outside), ['file']);
  for (const name of ['swapper', 'runs', 'made']) await containers.remove(name, { force: true });
  await assertNothingLeft(engine);
});

test('no program or library of a container is run for it from outside (E10)', { skip }, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  const { containers } = engine;
  const program = { mode: 0o755, content: '#!/bin/busybox sh\necho "$0" >> /ran\n' };
  const names = ['tar', 'gzip', 'unpigz', 'pigz', 'xz', 'unxz', 'zstd', 'bzip2', 'getent', 'rm', 'mount'];
  const libraries = ['libnss_files.so.2', 'libnss_dns.so.2', 'libc.so.6', 'libnss_systemd.so.2'];
  const context = folderWith(t, {
    Dockerfile:
      'FROM busybox\nCOPY tree /\nENV LD_PRELOAD=/lib/libc.so.6 LD_LIBRARY_PATH=/lib PATH=/evil:/bin\nUSER me\n',
    ...Object.fromEntries(
      names.flatMap((name) => [
        [`tree/evil/${name}`, program],
        [`tree/usr/bin/${name}`, program],
      ]),
    ),
    ...Object.fromEntries(libraries.map((name) => [`tree/lib/${name}`, program])),
    'tree/etc/nsswitch.conf': 'passwd: evil files\n',
    'tree/etc/ld.so.preload': '/lib/libc.so.6\n',
  });
  await engine.builder.build({ context, tags: ['evil'] }).result;
  await containers.create({ image: 'evil', name: 'made' });
  await containers.create({ image: 'evil', name: 'runs', command: ['/bin/sleep', '1000'], user: '0' });
  await containers.start('runs');
  const archive = tar(file('given', 'x'));
  for (const name of ['made', 'runs']) {
    for (const bytes of [archive, gzipSync(archive), zstdCompressSync(archive)]) {
      await containers.copyTo(name, { from: Readable.from([bytes]), path: '/tmp' });
    }
    await containers.copyFrom(name, { path: '/tmp', to: temporaryFolder(t) });
    await engine.containers.export(name, { output: async () => undefined }).result;
    await engine.containers.commit(name, { reference: `of-${name}` }).result;
    await Array.fromAsync(containers.diff(name));
  }
  await using attached = await containers.exec('runs', { command: ['/bin/true'], user: 'me:staff' });
  assert.equal(await attached.exitCode, 0);
  for (const name of ['made', 'runs']) {
    await assert.rejects(containers.copyFrom(name, { path: '/ran', to: temporaryFolder(t) }), {
      code: 'ERR_COPY_NOT_FOUND',
    });
  }
});

/** Creates `count` small files in folders of a thousand. */
function manyFiles(folder: string, count: number): void {
  for (let at = 0; at < count; at++) {
    const parent = join(folder, String(Math.floor(at / 1000)));
    if (at % 1000 === 0) mkdirSync(parent, { recursive: true });
    writeFileSync(join(parent, String(at)), String(at));
  }
}

/** Does work on the container's files, one after another; records time and memory of each. */
class Works {
  readonly #report: string[] = [];

  async done<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    const began = performance.now();
    const result = await work();
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    this.#report.push(`${name} ${seconds} s, ${process.resourceUsage().maxRSS >> 10} MiB`);
    return result;
  }

  get report(): string {
    return this.#report.join('; ');
  }
}

/** Counts the files in folders of a thousand; some are read. */
function countFiles(folder: string): number {
  let found = 0;
  for (const parent of readdirSync(folder)) {
    for (const name of readdirSync(join(folder, parent))) {
      if (++found % 997 === 0) assert.equal(readFileSync(join(folder, parent, name), 'utf8'), name);
    }
  }
  return found;
}

test('very many files are copied in and out, listed, committed, exported and removed in bounded memory (E11)', {
  skip,
}, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  const { containers } = engine;
  await containers.create({ image: 'busybox', name: 'made' });
  const count = isSoak ? 1_000_000 : 1000;
  const folder = join(temporaryFolder(t, 'many'), 'given');
  const back = join(folder, '../back');
  manyFiles(folder, count);
  const works = new Works();
  await works.done('cp in', async () => await containers.copyTo('made', { from: folder, path: '/many' }));
  await works.done('cp out', async () => await containers.copyFrom('made', { path: '/many', to: back }));
  assert.equal(countFiles(back), count);
  let exported = 0;
  const output = async (chunk: Uint8Array): Promise<void> => void (exported += chunk.length);
  await works.done('export', async () => await engine.containers.export('made', { output }).result);
  assert.ok(exported > count * 1024, 'a header and a body each');
  await works.done('commit', async () => await engine.containers.commit('made', { reference: 'many' }).result);
  const changes = await works.done('diff', async () => {
    let changes = 0;
    for await (const { kind } of containers.diff('made')) changes += kind === 'added' ? 1 : 0;
    return changes;
  });
  assert.equal(changes, 1 + count / 1000 + count);
  await works.done('rm', async () => await containers.remove('made'));
  await containers.create({ image: 'many', name: 'again' });
  await works.done(
    'cp out of the image',
    async () => await containers.copyFrom('again', { path: '/many/0/7', to: join(folder, '../seven') }),
  );
  t.diagnostic(`${count} files: ${works.report}`);
  // The peak includes the tests before; e2e/many-files measures single commands.
  assert.ok(process.resourceUsage().maxRSS < 512 * 1024, `kibibytes: ${works.report}`);
});
