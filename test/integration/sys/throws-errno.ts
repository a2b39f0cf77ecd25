import assert from 'node:assert/strict';
import { type Errno, errnoOf } from '../../../src/sys/errno.ts';

/** Asserts that `action` fails with exactly this error number. */
export function throwsErrno(errno: Errno, action: () => unknown): void {
  assert.throws(action, (error) => errnoOf(error) === errno, `did not fail with ${errno}`);
}
