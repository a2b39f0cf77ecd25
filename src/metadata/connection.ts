import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';

export interface ConnectionOptions {
  readonly readOnly?: boolean;
  /** Longest wait for another process's transaction, in milliseconds. */
  readonly timeoutMs: number;
}

/** One open connection to SQLite and the statements prepared on it; throws what SQLite throws. */
export class Connection implements Disposable {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(location: string | URL, { readOnly = false, timeoutMs }: ConnectionOptions) {
    this.#database = new DatabaseSync(location, { readOnly, timeout: timeoutMs });
  }

  get isTransaction(): boolean {
    return this.#database.isTransaction;
  }

  /** Returns the prepared statement of `sql`, which is kept for later calls. */
  statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  get(sql: string, ...values: SQLInputValue[]): Record<string, unknown> | undefined {
    return this.statement(sql).get(...values);
  }

  exec(sql: string): void {
    this.#database.exec(sql);
  }

  [Symbol.dispose](): void {
    if (!this.#database.isOpen) return;
    this.#statements.clear();
    this.#database.close();
  }
}
