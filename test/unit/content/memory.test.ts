import { MemoryContentStore } from '../../../src/content/memory.ts';
import { contentStoreSuite } from '../../../src/testing/suites/content-store.ts';

contentStoreSuite('memory', async () => ({
  store: new MemoryContentStore(),
  [Symbol.asyncDispose]: async () => {},
}));
