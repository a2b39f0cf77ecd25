import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const tests = join(import.meta.dirname, '..');

// Paths that only `placesOf` and `recordsOf` may write out. Tests of single floors make their own folders.
const joined =
  /\blayout\.(?:snapshots|content), '|'snapshots\/(?:overlay2|vfs|ext4)|'(?:content\/)?blobs\/sha256'|openForReading\(\{/;

test('tests of whole stores learn from one helper where things lie', () => {
  const files = globSync('{e2e,integration/{builder,containers,engine,images}}/**/*.ts', { cwd: tests });
  assert.ok(files.length > 100, `${files.length} files`);
  const bad = files.flatMap((file) => {
    const lines = readFileSync(join(tests, file), 'utf8').split('\n');
    return lines.flatMap((line, number) => (joined.test(line) ? [`${file}:${number + 1} ${line.trim()}`] : []));
  });
  assert.deepEqual(bad, []);
});
