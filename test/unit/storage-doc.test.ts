import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { migrations } from '../../src/metadata/migrations/migrations.ts';
import { layoutOf, workLocksOf } from '../../src/store/layout.ts';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/storage-on-disk.md'), 'utf8');
const [present = '', toCome = ''] = page.split('## Tables to come');

/** Returns the names in the first column of all rows that begin with code. */
function tablesIn(text: string): string[] {
  const rows = text.split('\n').filter((line) => line.startsWith('| `'));
  // A row may list the table's columns after a colon, and name another table after a semicolon.
  return rows.flatMap((line) => {
    const [, first = ''] = line.split('|');
    return [...first.matchAll(/`(\w+)`/g)].map(([, name = '']) => name);
  });
}

function tablesOfStore(): string[] {
  using database = new DatabaseSync(':memory:');
  for (const { sql } of migrations) database.exec(sql);
  const rows = database
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    .all();
  return rows.map(({ name }) => String(name));
}

test('docs/storage-on-disk.md has a row for each format', () => {
  const formats = [...present.matchAll(/^\| (\d+) \| \S/gm)].map(([, version]) => Number(version));
  assert.deepEqual(
    formats,
    migrations.map(({ version }) => version),
  );
});

test('the page lists existing tables, and planned ones as to come', () => {
  const tables = tablesOfStore();
  assert.deepEqual([...new Set(tablesIn(present))].toSorted(), tables.toSorted());
  const coming = tablesIn(toCome);
  assert.ok(coming.includes('network') && coming.includes('container_volume'), coming.join());
  assert.deepEqual(
    coming.filter((name) => tables.includes(name)),
    [],
  );
});

test('the page lists every folder of a store and of its locks', () => {
  const listed = new Set([...page.matchAll(/^([\w.-]+(?:\/\w+)*)\/?[ ,/]/gm)].map(([, path]) => path));
  const layout = layoutOf('/store');
  const { run: _, root: store, ...parts } = layout;
  const folders = [...Object.values(parts), ...workLocksOf(layout)].map((path) => relative(store, path));
  const inSources = globSync('src/**/*.ts', { cwd: root }).flatMap((file) => [
    ...readFileSync(join(root, file), 'utf8').matchAll(/join\((?:\w+\.)*locks, '([\w/]+)'\)/g),
  ]);
  assert.ok(inSources.length > 1, 'the sources are searched');
  const locks = inSources.map(([, path = '']) => `locks/${path.split('/')[0]}`);
  assert.deepEqual(
    [...folders, ...locks].filter((path) => ![...listed].some((name) => name === path || name?.startsWith(`${path}/`))),
    [],
  );
});
