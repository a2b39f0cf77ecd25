// Settings that an image takes over from its base, and how FROM finds the base.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Engine } from '../../../src/engine/index.ts';
import { isStrataError } from '../../../src/errors/index.ts';
import type { ImageConfig } from '../../../src/spec/config.ts';
import { temporaryFolder } from '../../helpers/build-folder.ts';
import { needs } from '../../helpers/needs.ts';
import { storeRoot } from '../../helpers/store-root.ts';
import { file, tar } from '../../helpers/tar-builder.ts';

const skip = needs('root', 'overlay');

const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

interface Store {
  readonly engine: Engine;
  /** Builds the image `built`. */
  readonly build: (...lines: readonly string[]) => Promise<ImageConfig>;
}

/** Creates a store with the image `base`, which `import` made without any settings. */
async function createStore(t: TestContext): Promise<Store> {
  const engine = await Engine.open({ root: storeRoot(t), storageDriver: 'overlay2' });
  t.after(() => engine[Symbol.asyncDispose]());
  async function* input(): AsyncGenerator<Uint8Array> {
    yield tar(file('etc/name', 'imported'));
  }
  await engine.images.import({ input: input(), reference: 'base' }).result;
  const context = temporaryFolder(t);
  return {
    engine,
    build: async (...lines) => {
      await engine.builder.build({ context, dockerfile: { text: lines.join('\n') }, tags: ['built'] }).result;
      return (await engine.images.inspect('built')).config;
    },
  };
}

test("a base without PATH has docker's default before anything is read", { skip }, async (t) => {
  const { engine, build } = await createStore(t);
  assert.equal((await engine.images.inspect('base')).config.config.Env, undefined);
  const environment = async (...lines: readonly string[]): Promise<unknown> => (await build(...lines)).config.Env;

  assert.deepEqual(await environment('FROM base'), [`PATH=${path}`]);
  assert.deepEqual(await environment('FROM base', 'LABEL a=b'), [`PATH=${path}`]);
  assert.deepEqual(await environment('FROM base', 'ENV PATH /x:$PATH'), [`PATH=/x:${path}`]);
  assert.deepEqual(await environment('FROM base', 'ENV A=1 PATH=${PATH}:/tail'), [`PATH=${path}:/tail`, 'A=1']);
  assert.deepEqual(await environment('FROM scratch', 'ENV PATH=/x:$PATH'), [`PATH=/x:${path}`]);
  const { config } = await build('FROM base', 'LABEL p=$PATH q=${PATH:-none}:/tail');
  assert.deepEqual({ ...config.Labels }, { p: path, q: `${path}:/tail` });

  await build('FROM base', 'ONBUILD ENV PATH=/t:$PATH');
  await engine.images.tag('built', 'triggering');
  assert.deepEqual(await environment('FROM triggering'), [`PATH=/t:${path}`]);

  await build('FROM base', 'ENV PATH=');
  await engine.images.tag('built', 'emptied');
  assert.deepEqual(await environment('FROM emptied', 'ENV PATH=/x:$PATH'), ['PATH=/x:'], 'emptied on purpose');
});

test('the comment on the import of a base is not taken over', { skip }, async (t) => {
  const { engine, build } = await createStore(t);
  assert.equal((await engine.images.inspect('base')).config.comment, 'Imported from -');
  const { comment, history } = await build('FROM base', 'CMD ["a"]');
  assert.equal(comment, undefined);
  assert.deepEqual(
    history.map((entry) => entry.comment),
    ['Imported from -', 'strata.dockerfile.v0'],
  );
});

test('FROM takes names and whole IDs, but not the beginning of an ID', { skip }, async (t) => {
  const { engine, build } = await createStore(t);
  const { id } = await engine.images.inspect('base');
  const digits = id.slice('sha256:'.length);
  for (const beginning of [digits.slice(0, 1), digits.slice(0, 12), `sha256:${digits.slice(0, 12)}`]) {
    await assert.rejects(
      build(`FROM ${beginning}`, 'LABEL a=b'),
      (error) =>
        isStrataError(error, 'ERR_IMAGE_NOT_FOUND') &&
        error.message === `image ${beginning}: not found locally` &&
        error.hint?.includes('beginning of an image ID') === true,
      beginning,
    );
  }
  for (const whole of [digits, id]) await build(`FROM ${whole}`, 'LABEL a=b');
  const name = digits.slice(0, 1);
  await engine.images.tag('built', name);
  assert.deepEqual({ ...(await build(`FROM ${name}`, 'LABEL c=d')).config.Labels }, { a: 'b', c: 'd' });
});
