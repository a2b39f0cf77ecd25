import type { ObjectLocks } from '../../content/object-locks.ts';
import type { Metadata } from '../../metadata/metadata.ts';
import type { StoreLayout } from '../layout.ts';
import type { StorageDriver } from '../open-driver.ts';

// The diffID a snapshot's changes have: told by a label, so that a cached step is never read again.
export const diffIdLabel = 'strata.diff-id';

/** What a layer of a snapshot's changes is made with. */
export interface LayerMakerParts {
  readonly layout: StoreLayout;
  readonly driver: StorageDriver;
  readonly metadata: Metadata;
  readonly locks: ObjectLocks;
}
