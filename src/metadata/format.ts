import { dirname } from 'node:path';
import { StrataError } from '../errors/index.ts';
import type { Connection } from './connection.ts';
import type { Migration } from './migrations/migration.ts';

// 'STRA': identifies the file to us and to `file`.
const applicationId = 0x53545241;

export const newestFormat = (migrations: readonly Migration[]): number => migrations.at(-1)?.version ?? 0;

/** Returns the version of a store's format, 0 for an empty file. Throws ERR_STORE_FOREIGN, ERR_STORE_FORMAT_NEWER. */
export function readFormat(connection: Connection, path: string, migrations: readonly Migration[]): number {
  const version =
    pragma(connection, 'application_id') === applicationId
      ? pragma(connection, 'user_version')
      : readUnmarkedFormat(connection, path);
  checkVersion(version, path, migrations);
  return version;
}

const pragma = (connection: Connection, name: 'application_id' | 'user_version'): number =>
  Number(connection.get(`PRAGMA ${name}`)?.[name] ?? 0);

/** Reads all in one statement, because another process may be creating the store. Throws ERR_STORE_FOREIGN. */
function readUnmarkedFormat(connection: Connection, path: string): number {
  const row = connection.get(
    `SELECT user_version, application_id, (SELECT count(*) FROM sqlite_schema) AS tables
     FROM pragma_user_version, pragma_application_id`,
  );
  const version = Number(row?.['user_version']);
  if (row?.['application_id'] === applicationId || (version === 0 && row?.['tables'] === 0)) return version;
  throw new StrataError({
    code: 'ERR_STORE_FOREIGN',
    message: `database ${path}: not made by Strata`,
    hint: 'Move this file away, or use another store.',
  });
}

/**
 * Throws ERR_STORE_FORMAT_NEWER when a newer program has migrated the store since it was opened. To be called in each
 * transaction that writes; it only reads a page that is in memory.
 */
export function checkFormat(connection: Connection, path: string, migrations: readonly Migration[]): void {
  checkVersion(pragma(connection, 'user_version'), path, migrations);
}

function checkVersion(version: number, path: string, migrations: readonly Migration[]): void {
  const newest = newestFormat(migrations);
  if (version <= newest) return;
  throw new StrataError({
    code: 'ERR_STORE_FORMAT_NEWER',
    message: `database ${path}: has format ${version}, and this version of Strata knows formats up to ${newest}`,
    hint: 'Upgrade Strata, or use another store.',
    details: { format: version, newest },
  });
}

interface MigrateOptions {
  /** Present format of the store, 0 when it is empty. */
  readonly from: number;
  /** Path of the database. */
  readonly path: string;
  readonly migrations: readonly Migration[];
}

/** Migrates a store to the newest format, inside the caller's transaction. */
export function migrate(connection: Connection, { from, path, migrations }: MigrateOptions): void {
  for (const { sql, convert } of migrations.filter(({ version }) => version > from)) {
    connection.exec(sql);
    if (from > 0) convert?.(connection, { root: dirname(path) });
  }
  connection.exec(`PRAGMA user_version = ${newestFormat(migrations)}; PRAGMA application_id = ${applicationId}`);
}
