import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Engine } from '../../../src/engine/index.ts';
import { isStrataError } from '../../../src/errors/index.ts';
import { temporaryFolder } from '../../helpers/build-folder.ts';
import { methodsOf, waitForReturned } from '../../helpers/facade-methods.ts';

// Methods that go on until they are ended.
const endless = new Set(['engine.events']);

const wrong = 5 as never;
// Arguments of every type that a caller without a compiler may pass, and of the right type with names of nothing.
const failing: readonly (readonly unknown[])[] = [
  ['nope', 'nope', {}],
  ['nope', { command: ['true'] }],
  ['nope', { path: '/x', to: '/nope/x', from: '/nope/x' }],
  ['NOT/a name', 'NOT/a name'],
  [wrong, wrong],
  [{ image: 'nope', container: 'nope', images: ['nope'], input: '/nope', context: '/nope', output: '/nope/x' }],
  [{ image: wrong, container: wrong, images: wrong, input: wrong, context: wrong, output: wrong, filters: wrong }],
];

const states: { readonly [state: string]: (engine: Engine) => void } = {
  'an empty store': () => undefined,
  'a store that was removed meanwhile': ({ layout }) => rmSync(layout.root, { recursive: true, force: true }),
  'a store whose folders have become files': ({ layout }) => {
    for (const folder of [layout.content, layout.locks, layout.trash, layout.indexes]) {
      rmSync(folder, { recursive: true, force: true });
      writeFileSync(folder, '');
    }
  },
};

for (const [state, bring] of Object.entries(states)) {
  test(`every method of the facade rejects with an error of the library: ${state}`, async (context) => {
    const root = temporaryFolder(context);
    await using engine = await Engine.open({ root, storageDriver: 'vfs' });
    await engine.system.collectGarbage().result;
    bring(engine);
    const foreign: string[] = [];
    let rejections = 0;
    for (const [name, method] of methodsOf(engine)) {
      if (endless.has(name)) continue;
      for (const values of failing) {
        try {
          await waitForReturned(method(...values));
        } catch (error) {
          rejections += 1;
          if (!isStrataError(error)) foreign.push(`${name}(${JSON.stringify(values)}): ${String(error)}`);
        }
      }
    }
    assert.deepEqual(foreign, []);
    assert.ok(rejections > 100, `${rejections} calls failed`);
  });
}

test('a store that cannot be opened gives an error of the library', async (context) => {
  const folder = temporaryFolder(context);
  const file = join(folder, 'file');
  writeFileSync(file, '');
  for (const options of [{ root: file }, { root: join(file, 'below') }, { root: wrong }, { storageDriver: wrong }]) {
    await assert.rejects(Engine.open(options), (error) => isStrataError(error));
  }
});

test("an option with a fixed set of words refuses others, by the option's name", async (context) => {
  const root = temporaryFolder(context);
  await using engine = await Engine.open({ root, storageDriver: 'vfs' });
  const { images, containers, builder } = engine;
  await builder.build({ dockerfile: { text: 'FROM scratch\nCMD ["a"]\n' }, tags: ['a'] }).result;
  const output = join(root, 'out.tar');
  const calls: readonly (readonly [option: string, call: () => Promise<unknown>])[] = [
    ['mountThread', () => Engine.open({ root, mountThread: 'both' as never })],
    ['format', () => images.save({ images: ['a'], output, format: 'both' as never }).result],
    ['pull', () => builder.build({ dockerfile: { text: 'FROM a' }, pull: 'both' as never }).result],
    ['network', () => builder.build({ dockerfile: { text: 'FROM a' }, network: 'both' as never }).result],
    ['attach', () => containers.create({ image: 'a', attach: ['both' as never] })],
    ['stdio', () => containers.run({ image: 'a', stdio: 'both' as never }).result],
    ['stdio', () => containers.exec('a', { command: ['a'], stdio: 'both' as never })],
    ['stdio', () => containers.exec('a', { command: ['a'], stdio: 'inherit', terminal: true })],
  ];
  // A process in a session of its own has no terminal, wherever the tests run.
  const program = `import { Engine } from ${JSON.stringify(join(import.meta.dirname, '../../../src/engine/index.ts'))};
    await using engine = await Engine.open({ root: ${JSON.stringify(root)}, storageDriver: 'vfs' });
    const { code, details } = await engine.containers.run({ image: 'a', stdio: 'inherit', terminal: true }).result.catch((error) => error);
    console.log(code, details.option);`;
  const alone = spawnSync('setsid', ['-w', process.execPath, '--input-type=module', '-e', program], {
    encoding: 'utf8',
  });
  assert.equal(alone.stdout, 'ERR_OPTION_INVALID stdio\n', alone.stderr);
  for (const [option, call] of calls)
    await assert.rejects(call, { code: 'ERR_OPTION_INVALID', details: { option } }, option);
});

test('a hint for a wrong option is about the option, not the configuration file', async (context) => {
  const root = temporaryFolder(context);
  await assert.rejects(Engine.open({ root, configurationFile: false, defaultRuntime: 'nope' }), {
    code: 'ERR_CONFIGURATION_INVALID',
    hint: 'Give another value. See docs/configuration.md for the values.',
  });
});

test("an error says that the caller's own stream failed", async (context) => {
  await using engine = await Engine.open({ root: temporaryFolder(context), storageDriver: 'vfs' });
  const cause = new RangeError('the disk drawer is open');
  async function* torn(): AsyncGenerator<Uint8Array> {
    yield new Uint8Array(1000);
    throw cause;
  }
  const reads = [
    () => engine.images.load({ input: torn() }).result,
    () => engine.images.import({ input: torn() }).result,
    () => engine.builder.build({ context: torn() }).result,
    () => engine.builder.build({ dockerfile: { text: torn() } }).result,
  ];
  for (const read of reads) {
    await assert.rejects(read, { code: 'ERR_INPUT_FAILED', message: 'input: the disk drawer is open', cause });
  }
  await engine.builder.build({ dockerfile: { text: 'FROM scratch\nLABEL a=b\n' }, tags: ['a'] }).result;
  const output = (): Promise<void> => Promise.reject(cause);
  await assert.rejects(engine.images.save({ images: ['a'], output }).result, { code: 'ERR_OUTPUT_FAILED', cause });
});
