/** One step of the store's format. Never changed once released; a change is a new step. */
export interface Migration {
  /** Written to `user_version` when it is done. */
  readonly version: number;
  readonly sql: string;
}
