import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { findBuildx } from '../../../bench/buildx.ts';
import { messageOf } from '../../../bench/contest.ts';
import { temporaryFolder } from '../../helpers/build-folder.ts';

function script(path: string, text: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
  return path;
}

test('a docker client with buildx is found, also if it needs a configuration that names the plugin', (t) => {
  const folder = temporaryFolder(t, 'buildx');
  const without = script(join(folder, 'a/bin/docker'), 'exit 1');
  const has = script(join(folder, 'b/bin/docker'), '[ "$*" = "buildx version" ]');
  const unpacked = script(
    join(folder, 'c/bin/docker'),
    `[ "$*" = "buildx version" ] && grep -q ${join(folder, 'c/libexec/docker/cli-plugins')} "$DOCKER_CONFIG/config.json"`,
  );
  script(join(folder, 'c/libexec/docker/cli-plugins/docker-buildx'), '');

  assert.deepEqual(findBuildx([without, has, unpacked], folder), { path: has, env: {} });
  assert.deepEqual(findBuildx([without, unpacked, has], folder), {
    path: unpacked,
    env: { DOCKER_CONFIG: join(folder, 'config') },
  });
  assert.equal(findBuildx([without, join(folder, 'gone')], folder), undefined);
});

test('a contest reports the failure, not that of the clean-up after it', () => {
  const first = new Error('exit 1: no plugin');
  assert.equal(messageOf(new SuppressedError(new Error('no such image'), first, 'suppressed')), 'exit 1: no plugin');
});
