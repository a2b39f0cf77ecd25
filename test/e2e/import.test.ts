import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Engine } from '../../src/engine/index.ts';
import { sha256 } from '../helpers/image-archives.ts';
import { needs } from '../helpers/needs.ts';
import { placesOf } from '../helpers/store-places.ts';
import { strataCommand } from '../helpers/strata.ts';
import { dir, file, raw, symlink, tar } from '../helpers/tar-builder.ts';

const skip = needs('root', 'overlay');

const root = tar(dir('etc'), file('etc/name', 'imported'), symlink('bin', 'usr/bin'), dir('usr/bin'));

function archive(context: TestContext, bytes: Uint8Array): string {
  const folder = mkdtempSync(join(tmpdir(), 'strata-import-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'root.tar');
  writeFileSync(path, bytes);
  return path;
}

test('a tar becomes an image with the changes and the message that were given', { skip }, async (context) => {
  const strata = strataCommand(context);
  const path = archive(context, gzipSync(root));
  const changes = [
    '-c',
    'CMD ["/bin/sh"]',
    '--change',
    'ENV A=1 B="two words"',
    '-c',
    'EXPOSE 80',
    '-c',
    'WORKDIR /srv',
  ];
  const imported = await strata('import', ...changes, '-m', 'from a tar', path, 'me/root:1');
  assert.equal(imported.code, 0, imported.stderr);
  assert.match(imported.stdout, /^sha256:[0-9a-f]{64}\n$/);
  assert.equal(imported.stderr, '');
  const inspected = await strata('inspect', 'me/root:1');
  const [image] = JSON.parse(inspected.stdout) as [
    {
      Id: string;
      Comment: string;
      Config: { Cmd: string[]; Env: string[]; ExposedPorts: object; WorkingDir: string };
      RootFS: { Layers: string[] };
    },
  ];
  assert.equal(image.Id, imported.stdout.trim());
  assert.equal(image.Comment, 'from a tar');
  assert.deepEqual(image.Config.Cmd, ['/bin/sh']);
  assert.deepEqual(image.Config.Env, ['A=1', 'B=two words']);
  assert.deepEqual(image.Config.ExposedPorts, { '80/tcp': {} });
  assert.equal(image.Config.WorkingDir, '/srv');
  // The layer is the tar itself, without the compression that it came in.
  assert.deepEqual(image.RootFS.Layers, [`sha256:${sha256(root)}`]);
  const history = await strata('history', '--format', '{{.Comment}} {{.Size}}', 'me/root:1');
  assert.equal(history.stdout, 'from a tar 8B\n');
});

test('an invalid import is refused, and leaves nothing', { skip }, async (context) => {
  const strata = strataCommand(context);
  const path = archive(context, root);
  const assertRefused = async (pattern: RegExp, ...args: readonly string[]): Promise<void> => {
    const { code, stderr } = await strata('import', ...args);
    assert.equal(code, 1);
    assert.match(stderr, pattern);
  };
  await assertRefused(/open \/nonexistent.tar: no such file or directory/, '/nonexistent.tar');
  await assertRefused(/RUN is not a valid change command/, '-c', 'RUN true', path);
  await assertRefused(/FROM is not a valid change command/, '-c', 'CMD x\nFROM scratch', path);
  await assertRefused(
    /^strata: change "EXPOSE 999999": invalid containerPort: 999999\nhint: /,
    '-c',
    'ENV a=1 \\\n  b=2',
    '-c',
    'EXPOSE 999999',
    path,
  );
  await assertRefused(/BOO is not a valid change command\nhint: A change is one of CMD, /, '-c', 'BOO x', path);
  await assertRefused(/cannot import digest reference/, path, `a@sha256:${'0'.repeat(64)}`);
  await assertRefused(/must be lowercase/, path, 'me/ROOT');
  await assertRefused(/not supported yet/, 'https://example.com/root.tar');
  await assertRefused(/tar archive/, archive(context, new Uint8Array(1024).fill(7)));
  await assertRefused(/tar archive/, archive(context, root.subarray(0, 700)));
  assert.equal((await strata('images', '-aq')).stdout, '');
  assert.deepEqual(readdirSync(placesOf(strata).trees), []);
});

test('the library imports a stream, for a platform, and a tar that its files cannot give back', {
  skip,
}, async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'strata-import-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  await using engine = await Engine.open({ root: folder, storageDriver: 'overlay2' });
  const odd = Buffer.concat([root, raw(Uint8Array.from({ length: 3 << 20 }, (_, at) => (at * 7919) >> 3))]);
  async function* input(): AsyncGenerator<Uint8Array> {
    yield odd;
  }
  const { id } = await engine.images.import({ input: input(), platform: 'linux/arm64' }).result;
  const { config, references } = await engine.images.inspect(id);
  assert.equal(config.architecture, 'arm64');
  assert.deepEqual(references, []);
  assert.deepEqual(
    config.history.map(({ comment }) => comment),
    ['Imported from -'],
  );
  await engine.system.collectGarbage().result;
  const chunks: Uint8Array[] = [];
  await engine.images.save({ images: [id], output: async (chunk) => void chunks.push(Uint8Array.from(chunk)) }).result;
  assert.ok(Buffer.concat(chunks).includes(odd), 'the tar is in the archive, byte for byte');
});
