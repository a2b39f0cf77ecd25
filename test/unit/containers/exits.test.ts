import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../../helpers/build-folder.ts';

const exits = join(import.meta.dirname, '../../../src/containers/supervised/exits.ts');

const program = `
import { openSync } from 'node:fs';
import { untilExit } from ${JSON.stringify(exits)};
try {
  for (;;) openSync('/dev/null');
} catch {}
let looks = 0;
await untilExit(process.argv[1], async () => ++looks === 3, {});
process.exit(looks);
`;

test('the end of a container is seen also where nothing more can be watched', (context) => {
  const node = [process.execPath, '--input-type=module', '--eval', program, temporaryFolder(context)];
  const { status, stderr } = spawnSync('sh', ['-c', 'ulimit -n 64; exec "$@"', 'sh', ...node], { encoding: 'utf8' });
  assert.equal(status, 3, stderr);
});
