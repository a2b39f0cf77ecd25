import type { Connection } from '../connection.ts';

/** One step of the store's format. Never changed once released; a change is a new step. */
export interface Migration {
  /** Written to `user_version` when it is done. */
  readonly version: number;
  readonly sql: string;
  /**
   * Runs behind `sql`, in the same transaction, over a store that holds something. Files are no part of a transaction: what
   * this does to them can be done again after a kill, and an older program, which a rollback lets go on, lives with it.
   */
  readonly convert?: (connection: Connection, store: { readonly root: string }) => void;
}
