import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';

/** Unmounts once the path is no longer in use: a helper process may still empty a store's trash. */
export function unmount(path: string): void {
  for (let tried = 0; ; tried++) {
    const { status, stderr } = spawnSync('umount', [path], { encoding: 'utf8' });
    if (status === 0) return;
    assert.ok(stderr.includes('busy') && tried < 1200, stderr);
    spawnSync('sleep', ['0.1']);
  }
}
