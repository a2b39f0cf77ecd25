import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Engine } from '../../../src/engine/index.ts';
import { isStrataError } from '../../../src/errors/index.ts';
import { fill, folderWith } from '../../helpers/build-folder.ts';
import { shortListing, withImageTree } from '../../helpers/image-tree.ts';
import { needs } from '../../helpers/needs.ts';
import { storeRoot } from '../../helpers/store-root.ts';
import { addCases } from './add-cases.ts';
import { type CopyCase, copyCases } from './copy-cases.ts';
import { linkCases } from './link-cases.ts';

const skip = needs('root', 'overlay');

async function check(t: TestContext, engine: Engine, driver: 'overlay2' | 'vfs', given: CopyCase): Promise<void> {
  const folder = folderWith(t, given.context);
  const base = existsSync(join(folder, 'base')) ? ['COPY base/ /'] : [];
  fill(folder, { Dockerfile: `${['FROM scratch', ...base, ...given.steps].join('\n')}\n` });
  const built = engine.builder.build({ context: folder }).result;
  const { expected } = given;
  if ('error' in expected) {
    await assert.rejects(built, (error) => isStrataError(error, expected.code) && expected.error.test(error.message));
    return;
  }
  const { id } = await built;
  assert.deepEqual(await withImageTree(engine, id, (tree) => shortListing(tree), driver), expected);
}

for (const driver of ['overlay2', 'vfs'] as const) {
  test(`COPY and ADD work as docker's, on ${driver}`, { skip }, async (t) => {
    const engine = await Engine.open({ root: storeRoot(t), storageDriver: driver });
    t.after(() => engine[Symbol.asyncDispose]());
    for (const given of [...copyCases, ...addCases, ...linkCases])
      await t.test(given.name, (each) => check(each, engine, driver, given));
  });
}
