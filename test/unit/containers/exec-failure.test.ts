import assert from 'node:assert/strict';
import { test } from 'node:test';
import { execFailure } from '../../../src/containers/exec/failure.ts';

// Messages of runc 1.1.5.
const cases: readonly (readonly [message: string, exitCode: number, hint: RegExp])[] = [
  ['exec: "gone": executable file not found in $PATH', 127, /no such program/],
  ['exec: "/gone": stat /gone: no such file or directory', 126, /no such program/],
  ['exec /script: no such file or directory', 127, /no such program/],
  ['exec: "/etc": is a directory', 126, /can be run in the container/],
  ['chdir to cwd ("/gone") set in config.json failed: no such file or directory', 126, /working directory/],
  ['cannot exec in a stopped container', 126, /has ended/],
];

for (const [message, exitCode, hint] of cases) {
  test(`the error of a process that could not join: ${message.slice(0, 60)}`, () => {
    const error = execFailure('', `exec failed: unable to start container process: ${message}`);
    assert.equal(
      error.message,
      `OCI runtime exec failed: exec failed: unable to start container process: ${message}: unknown`,
    );
    assert.deepEqual(error.details, { exitCode });
    assert.match(error.hint ?? '', hint);
  });
}
