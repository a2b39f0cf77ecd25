import { StrataError } from '../errors/index.ts';
import type { Connection } from './connection.ts';
import type { Migration } from './migrations/migration.ts';

// 'STRA': what `file` and we ourselves know the file by.
const applicationId = 0x53545241;

export const newestFormat = (migrations: readonly Migration[]): number => migrations.at(-1)?.version ?? 0;

const pragma = (connection: Connection, name: 'application_id' | 'user_version'): number =>
  Number(connection.get(`PRAGMA ${name}`)?.[name] ?? 0);

/**
 * The version of a store's format, 0 for a file in which nothing is yet. Throws ERR_STORE_FOREIGN and
 * ERR_STORE_FORMAT_NEWER.
 */
export function readFormat(connection: Connection, path: string, migrations: readonly Migration[]): number {
  const version = pragma(connection, 'user_version');
  const newest = newestFormat(migrations);
  if (pragma(connection, 'application_id') !== applicationId) {
    const tables = Number(connection.get('SELECT count(*) AS n FROM sqlite_schema')?.['n'] ?? 0);
    if (version === 0 && tables === 0) return 0;
    throw new StrataError({
      code: 'ERR_STORE_FOREIGN',
      message: `database ${path}: not made by Strata`,
      hint: 'Name another store.',
    });
  }
  if (version > newest) {
    throw new StrataError({
      code: 'ERR_STORE_FORMAT_NEWER',
      message: `database ${path}: has format ${version}, and this version of Strata knows formats up to ${newest}`,
      hint: 'Upgrade Strata, or name another store.',
      details: { format: version, newest },
    });
  }
  return version;
}

/** Takes a store from a format to the newest; the caller holds a transaction. */
export function migrate(connection: Connection, from: number, migrations: readonly Migration[]): void {
  for (const { sql } of migrations.filter(({ version }) => version > from)) connection.exec(sql);
  connection.exec(`PRAGMA user_version = ${newestFormat(migrations)}; PRAGMA application_id = ${applicationId}`);
}
