import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Engine } from '../../src/engine/index.ts';
import { isStrataError } from '../../src/errors/index.ts';
import { asTar, image, nameAnnotation, TestLayout } from '../helpers/image-archives.ts';
import { storeFiles } from '../helpers/leftovers.ts';
import { needs } from '../helpers/needs.ts';
import { startCommand } from '../helpers/start-command.ts';
import { strataCommand } from '../helpers/strata.ts';
import { file, tar } from '../helpers/tar-builder.ts';
import { until } from '../helpers/until.ts';

const skip = needs('root', 'overlay');

function folder(context: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'strata-input-'));
  context.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function fifo(context: TestContext): string {
  const path = join(folder(context), 'fifo');
  execFileSync('mkfifo', [path]);
  return path;
}

/** True when the process has the file open. */
function hasOpen(pid: number | undefined, path: string): boolean {
  const fds = `/proc/${pid}/fd`;
  return readdirSync(fds).some((name) => {
    try {
      return readlinkSync(join(fds, name)) === path;
    } catch {
      // The descriptor was closed after it was listed.
      return false;
    }
  });
}

const layout = new TestLayout();
const saved = asTar(
  layout.index(layout.image(image([tar(file('a', 'text'))]), gzipSync, '+gzip', nameAnnotation('from/fifo:1'))),
);

test('a fifo is read to its end, whether its writer or its reader opens it first', { skip }, async (context) => {
  const strata = strataCommand(context);
  const path = fifo(context);
  const reading = startCommand(context, strata, 'load', '-q', '-i', path);
  await until(
    () => hasOpen(reading.child.pid, path),
    () => 'the fifo is open',
  );
  await writeFile(path, saved);
  assert.deepEqual(await reading.ended, { code: 0, signal: null }, reading.output.stderr);
  assert.equal(reading.output.stdout, 'Loaded image: from/fifo:1\n');

  const writing = writeFile(path, tar(file('b', 'text')));
  const { code, stderr } = await strata('import', path, 'from/fifo:2');
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
  await writing;
});

test('a device that never ends is refused as an archive and as a list', { skip }, async (context) => {
  const strata = strataCommand(context);
  const expected = 'strata: read /dev/zero: not a file\nhint: Give the path of a regular file or a pipe.\n';
  for (const args of [['load', '-i', '/dev/zero'] as const, ['import', '/dev/zero'] as const]) {
    assert.deepEqual(await strata(...args), { code: 1, stdout: '', stderr: expected });
  }
  for (const flag of ['--env-file', '--label-file']) {
    const { code, stderr } = await strata('create', flag, '/dev/zero', 'image');
    assert.deepEqual([code, stderr], [125, expected], flag);
  }
});

test('a signal at once ends a command that waits for a fifo, with a silent writer or without one', {
  skip,
}, async (context) => {
  const strata = strataCommand(context);
  const path = fifo(context);
  await using engine = await Engine.open({ root: strata.root });
  const before = storeFiles(engine);
  const cases = [['load', '-i', path] as const, ['import', path] as const].flatMap((args) =>
    [true, false].map((isWritten) => ({ args, isWritten })),
  );
  for (const { args, isWritten } of cases) {
    const waiting = startCommand(context, strata, ...args);
    await until(
      () => hasOpen(waiting.child.pid, path),
      () => `${args.join(' ')} has begun`,
    );
    const writer = isWritten ? openSync(path, constants.O_WRONLY | constants.O_NONBLOCK) : undefined;
    waiting.child.kill(isWritten ? 'SIGINT' : 'SIGTERM');
    assert.deepEqual(await waiting.ended, { code: isWritten ? 130 : 143, signal: null }, args.join(' '));
    assert.deepEqual({ ...waiting.output }, { stdout: '', stderr: '' });
    if (writer !== undefined) closeSync(writer);
    assert.deepEqual(storeFiles(engine), before);
  }
});

test('the abort signal of a library program ends such a wait, too', { skip }, async (context) => {
  const root = folder(context);
  const path = fifo(context);
  await using engine = await Engine.open({ root });
  const before = storeFiles(engine);
  for (const start of [
    (signal: AbortSignal) => engine.images.load({ input: path, signal }),
    (signal: AbortSignal) => engine.images.import({ input: path, signal }),
  ]) {
    const controller = new AbortController();
    const { result } = start(controller.signal);
    await until(
      () => hasOpen(process.pid, path),
      () => 'the fifo is open',
    );
    controller.abort(new Error('enough'));
    await assert.rejects(result, /^Error: enough$/);
    await until(
      () => !hasOpen(process.pid, path),
      () => 'the fifo is let go of',
    );
    assert.deepEqual(storeFiles(engine), before);
  }
});

test('an error of an archive names the file', { skip }, async (context) => {
  await using engine = await Engine.open({ root: folder(context) });
  const input = join(folder(context), 'x.tar');
  const message = async (verb: 'load' | 'import', from: string | Readable): Promise<string> => {
    const failure: unknown = await engine.images[verb]({ input: from }).result.catch((error: unknown) => error);
    assert.ok(isStrataError(failure), String(failure));
    return failure.message;
  };
  const cases: readonly [verb: 'load' | 'import', bytes: Uint8Array, text: RegExp][] = [
    ['load', new Uint8Array(700).fill(7), /^tar archive: no valid header/],
    ['load', tar(file('a', 'text')), /^archive: neither manifest\.json/],
    ['load', tar(file('manifest.json', '[{"Config":"c","RepoTags":[],"Layers":[]}]')), /^archive file "c"/],
    ['load', tar(file('manifest.json', '{')), /JSON/],
    ['import', gzipSync(tar(file('a', 'text'))).subarray(0, 40), /^gzip data: unexpected end/],
    ['import', tar(file('../a', 'text')), /^layer entry .*leads out/],
  ];
  for (const [verb, bytes, text] of cases) {
    writeFileSync(input, bytes);
    const errorText = await message(verb, input);
    assert.ok(errorText.startsWith(`${input}: `), errorText);
    assert.match(errorText.slice(input.length + 2), text);
    // An archive that comes as bytes has no file name.
    assert.match(await message(verb, Readable.from([bytes])), text);
  }
  assert.equal(await message('import', engine.layout.root), `read ${engine.layout.root}: is a directory`);
});
