import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { readdirSync, readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import {
  decompressExternally,
  type ExternalDecompressor,
} from '../../../../src/archive/compression/external-decompressor.ts';
import { SourceReader } from '../../../../src/archive/compression/source-reader.ts';

async function* stream(...chunks: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield Buffer.from(chunk);
}

/** Returns a decompressor that is a shell script: tests check its output and its exit code. */
const script = (text: string): ExternalDecompressor => ({
  format: 'bzip2',
  path: '/bin/sh',
  args: ['-c', text],
  aptPackage: 'bzip2',
});

async function run(
  tool: ExternalDecompressor,
  source: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<string> {
  const chunks = await Array.fromAsync(decompressExternally(tool, new SourceReader(source, { signal }), { signal }));
  return Buffer.concat(chunks).toString();
}

function children(): string[] {
  return readdirSync('/proc/self/task').flatMap((task) =>
    readFileSync(`/proc/self/task/${task}/children`, 'utf8').split(' ').filter(Boolean),
  );
}

suite('decompression through a program', () => {
  test('passes data through, in and out', async () => {
    assert.equal(await run(script('cat'), stream('one ', 'two')), 'one two');
  });

  test('gives it an empty environment and the root as folder', async () => {
    process.env['STRATA_TEST_CANARY'] = 'canary';
    const told = await run(script('cat >/dev/null; /usr/bin/env; pwd'), stream('x'));
    assert.doesNotMatch(told, /canary|HOME|PATH=\/root/);
    assert.match(told, /^\/$/m);
  });

  test('its words and its exit status are in the error', async () => {
    await assert.rejects(run(script('echo "data integrity error" >&2; exit 2'), stream('x')), {
      code: 'ERR_COMPRESSION_CORRUPT',
      message: 'bzip2 data: /bin/sh ended with 2: data integrity error',
    });
    await assert.rejects(run(script('kill -9 $$'), stream('x')), { message: /ended with SIGKILL: no message/ });
  });

  test('its words are cut', async () => {
    const flood = script('i=0; while [ $i -lt 2000 ]; do echo "a long complaint" >&2; i=$((i+1)); done; exit 1');
    await assert.rejects(run(flood, stream('x')), (error: Error) => error.message.length < 2200);
  });

  test('a program that stops reading does not hang the source', async () => {
    const megabytes = Array.from({ length: 50 }, () => 'x'.repeat(100_000));
    await assert.rejects(run(script('exec <&-; echo no >&2; exit 3'), stream(...megabytes)), {
      message: /ended with 3: no/,
    });
  });

  test('a missing program names the package', async () => {
    const missing = { ...script(''), path: '/nonexistent/bzip2' };
    await assert.rejects(run(missing, stream('x')), {
      code: 'ERR_COMPRESSION_TOOL_MISSING',
      kind: 'unsupported',
      hint: 'Install it: apt-get install bzip2.',
    });
  });

  test('abort, failure of the source, and leaving early all end the program', async () => {
    const before = children().length;
    const controller = new AbortController();
    const reason = new Error('enough');
    const stuck = run(script('exec sleep 1000'), stream('x'), controller.signal);
    setTimeout(() => controller.abort(reason), 50);
    await assert.rejects(stuck, (error) => error === reason);

    const failure = new Error('reset');
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('x');
      throw failure;
    }
    await assert.rejects(run(script('exec sleep 1000'), broken()), (error) => error === failure);

    const endless = script('while :; do echo line; done');
    for await (const chunk of decompressExternally(endless, new SourceReader(stream('x')))) {
      assert.ok(chunk.length > 0);
      break;
    }
    assert.equal(children().length, before);
  });
});
