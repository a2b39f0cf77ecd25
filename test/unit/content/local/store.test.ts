import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalContentStore } from '../../../../src/content/local/store.ts';
import { ObjectLocks } from '../../../../src/content/object-locks.ts';
import { contentStoreSuite } from '../../../../src/testing/suites/content-store.ts';

contentStoreSuite('local', async () => {
  const root = mkdtempSync(join(tmpdir(), 'strata-content-'));
  const trashDirectory = join(root, 'trash');
  mkdirSync(trashDirectory);
  const open = (): LocalContentStore =>
    LocalContentStore.open({
      directory: join(root, 'content'),
      locks: new ObjectLocks(join(root, 'locks')),
      trashDirectory,
    });
  return {
    store: open(),
    reopen: async () => open(),
    [Symbol.asyncDispose]: async () => rmSync(root, { recursive: true }),
  };
});
