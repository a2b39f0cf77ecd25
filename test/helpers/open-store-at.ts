import { findLayout } from '../../src/store/layout.ts';
import { openStore } from '../../src/store/open-store.ts';
import type { Store } from '../../src/store/store.ts';
import { MainThreadHost } from '../../src/sys/worker/main-thread-host.ts';
import { defaultConfiguration } from './default-configuration.ts';

/** Opens the store at `root`, for tests below the facade. */
export const openStoreAt = (root: string): Store =>
  openStore({
    layout: findLayout(root),
    configuration: defaultConfiguration,
    driver: { root },
    host: new MainThreadHost(),
    endAbandonedWork: async () => 0,
  });
