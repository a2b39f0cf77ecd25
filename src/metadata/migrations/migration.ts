import type { Connection } from '../connection.ts';

/** One step of the store's format. A released step is never changed; a change is a new step. */
export interface Migration {
  /** Number that is written to `user_version` afterwards. */
  readonly version: number;
  readonly sql: string;
  /**
   * Runs after `sql`, in the same transaction, unless the store is new. Files are no part of the transaction, so
   * changes to them must be repeatable after a kill, and usable by an older program after a rollback.
   */
  readonly convert?: (connection: Connection, store: { readonly root: string }) => void;
}
