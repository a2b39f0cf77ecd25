// An image is unpacked for the driver it came in with; with another one containers and builds on it are refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Engine } from '../../../src/engine/index.ts';
import { buildContext } from '../../helpers/build-context.ts';
import { asTar, dockerArchive, image } from '../../helpers/image-archives.ts';
import { needs } from '../../helpers/needs.ts';
import { storeRoot } from '../../helpers/store-root.ts';
import { file, tar } from '../../helpers/tar-builder.ts';

const skip = needs('root', 'overlay');

test('an image of another driver is refused by its name, one without layers is not', { skip }, async (context) => {
  const root = storeRoot(context);
  const app = image([tar(file('a', 'a'))]);
  const archive = asTar(dockerArchive([{ image: app, tags: ['app:1'] }]));
  async function* input(): AsyncGenerator<Uint8Array> {
    yield archive;
  }
  {
    await using engine = await Engine.open({ root, storageDriver: 'overlay2' });
    await engine.images.load({ input: input() }).result;
    const empty = buildContext(context, ['FROM scratch', 'CMD ["/none"]']);
    await engine.builder.build({ context: empty, tags: ['empty:1'] }).result;
  }
  await using engine = await Engine.open({ root, storageDriver: 'vfs' });
  await assert.rejects(engine.containers.create({ image: 'app:1', command: ['/none'] }), {
    code: 'ERR_IMAGE_NOT_UNPACKED',
    message: `image ${app.id}: its layers are not unpacked for vfs`,
  });
  const from = (name: string): string => buildContext(context, [`FROM ${name}`, 'LABEL a=b']);
  await assert.rejects(engine.builder.build({ context: from('app:1') }).result, {
    code: 'ERR_IMAGE_NOT_UNPACKED',
    message: 'image app:1: its layers are not unpacked for vfs',
  });
  await engine.builder.build({ context: from('empty:1') }).result;
  await engine.containers.remove((await engine.containers.create({ image: 'empty:1' })).id);
});
