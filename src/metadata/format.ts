import { dirname } from 'node:path';
import { StrataError } from '../errors/index.ts';
import type { Connection } from './connection.ts';
import type { Migration } from './migrations/migration.ts';

// 'STRA': what `file` and we ourselves know the file by.
const applicationId = 0x53545241;

export const newestFormat = (migrations: readonly Migration[]): number => migrations.at(-1)?.version ?? 0;

/**
 * The version of a store's format, 0 for a file in which nothing is yet. Throws ERR_STORE_FOREIGN and
 * ERR_STORE_FORMAT_NEWER.
 */
export function readFormat(connection: Connection, path: string, migrations: readonly Migration[]): number {
  const version =
    pragma(connection, 'application_id') === applicationId
      ? pragma(connection, 'user_version')
      : unmarkedFormat(connection, path);
  checkVersion(version, path, migrations);
  return version;
}

const pragma = (connection: Connection, name: 'application_id' | 'user_version'): number =>
  Number(connection.get(`PRAGMA ${name}`)?.[name] ?? 0);

/** Looks in one statement, because another process may just be making the store. Throws ERR_STORE_FOREIGN. */
function unmarkedFormat(connection: Connection, path: string): number {
  const row = connection.get(
    `SELECT user_version, application_id, (SELECT count(*) FROM sqlite_schema) AS tables
     FROM pragma_user_version, pragma_application_id`,
  );
  const version = Number(row?.['user_version']);
  if (row?.['application_id'] === applicationId || (version === 0 && row?.['tables'] === 0)) return version;
  throw new StrataError({
    code: 'ERR_STORE_FOREIGN',
    message: `database ${path}: not made by Strata`,
    hint: 'Name another store.',
  });
}

/**
 * Throws ERR_STORE_FORMAT_NEWER when a newer program has brought the store up since it was opened; to be called in each
 * transaction that writes. Costs a look at a page that is in memory.
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
    hint: 'Upgrade Strata, or name another store.',
    details: { format: version, newest },
  });
}

interface MigrateOptions {
  /** The format the store has, 0 when nothing is in it yet. */
  readonly from: number;
  /** Path of the database. */
  readonly path: string;
  readonly migrations: readonly Migration[];
}

/** Takes a store from a format to the newest; the caller holds a transaction. */
export function migrate(connection: Connection, { from, path, migrations }: MigrateOptions): void {
  for (const { sql, convert } of migrations.filter(({ version }) => version > from)) {
    connection.exec(sql);
    if (from > 0) convert?.(connection, { root: dirname(path) });
  }
  connection.exec(`PRAGMA user_version = ${newestFormat(migrations)}; PRAGMA application_id = ${applicationId}`);
}
