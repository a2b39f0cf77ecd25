import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { needs } from '../../helpers/needs.ts';

interface Answer {
  readonly listing: readonly string[];
  readonly verified: readonly boolean[];
  readonly warnings: readonly (readonly string[])[];
  readonly entries: number;
  readonly error?: string;
}

/** Runs the fixture in a user namespace that maps the first 65536 ids, without any power outside of it. */
async function inUserNamespace(owner: number): Promise<Answer> {
  const fixture = join(import.meta.dirname, 'rootless.fixture.ts');
  const child = spawn(
    'unshare',
    [
      '-U',
      '-m',
      'sh',
      '-c',
      'read go; exec setpriv --reuid 0 --regid 0 --clear-groups "$@"',
      'sh',
      process.execPath,
      fixture,
      String(owner),
    ],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  await once(child, 'spawn');
  // unshare has created the namespace when its program runs.
  for (let tries = 0; ; tries++) {
    try {
      writeFileSync(`/proc/${child.pid}/uid_map`, '0 0 65536');
      writeFileSync(`/proc/${child.pid}/gid_map`, '0 0 65536');
      break;
    } catch (error) {
      if (tries === 3000) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
  child.stdin.end('go\n');
  return JSON.parse(await text(child.stdout)) as Answer;
}

const skip = needs('root', 'overlay', 'unshare', 'setpriv');

test('layers in a user namespace use attributes of the user, and devices are in the index only', {
  skip,
}, async () => {
  const { listing, verified, warnings, entries, error } = await inUserNamespace(5);
  assert.equal(error, undefined);
  const shown = listing.join('\n');
  assert.match(shown, /^"d" dir 2750 5:5 @1000000000$/m);
  assert.match(shown, /^"d\/suid" file 4755 5:0/m);
  assert.match(shown, /^"h" file 4755 5:0 .* same-as="d\/suid"$/m);
  assert.match(shown, /^"d\/new" file 0644 0:0 .* user.x=32 @7000000000$/m);
  assert.match(shown, /^"d\/through" file/m);
  assert.match(shown, /^"o" dir 0755 0:0 @8000000000$/m);
  assert.doesNotMatch(shown, /gone|hidden|null|trusted/);
  assert.deepEqual(verified, [true, true]);
  assert.deepEqual(warnings[0], []);
  assert.match(warnings[1]?.[0] ?? '', /trusted\.x.*EPERM/);
  // The entries are d, its whiteout, three names, h, o and its marker.
  assert.equal(entries, 8);
});

test('an owner without a number in the namespace is an error', { skip }, async () => {
  assert.equal((await inUserNamespace(70_000)).error, 'ERR_OWNER_UNMAPPED');
});
