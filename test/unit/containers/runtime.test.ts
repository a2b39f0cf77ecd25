import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { describeRuntime, weaknessesOf } from '../../../src/containers/runtime/runtime.ts';
import { defaultConfiguration } from '../../helpers/default-configuration.ts';
import { needs } from '../../helpers/needs.ts';

const ids = (release: string, build = release): string[] => weaknessesOf(release, build).map(({ id }) => id);
const races = ['CVE-2025-31133', 'CVE-2025-52565', 'CVE-2025-52881'];

test('a runtime lacks the fixes of releases after its own', () => {
  assert.deepEqual(ids('1.1.5'), ['CVE-2024-21626', 'CVE-2024-45310', ...races]);
  const debian = ids('1.1.5+ds1', '1.1.5+ds1-1+deb12u1');
  assert.deepEqual(debian, ['CVE-2024-45310', ...races], 'Debian 12 carries the fix of 2024');
  assert.deepEqual(ids('1.1.13'), ['CVE-2024-45310', ...races]);
  assert.deepEqual(ids('1.1.15'), races);
  assert.deepEqual(ids('1.2.7'), races);
  assert.deepEqual(ids('1.2.8'), []);
  assert.deepEqual(ids('1.3.2'), races);
  assert.deepEqual(ids('1.3.3'), []);
  assert.deepEqual(ids('1.4.0'), []);
  assert.deepEqual(ids('1.4.0-rc.1'), []);
  assert.deepEqual(ids('2.0.0'), []);
});

test('docs/security.md names every known weakness of a runtime', () => {
  const page = readFileSync(new URL('../../../docs/security.md', import.meta.url), 'utf8');
  for (const id of ids('1.0.0')) assert.match(page, new RegExp(`^\\| .*${id}.* \\| .*\\d`, 'm'), id);
});

test('the installed runtime reports its version', { skip: needs('runc') }, async () => {
  const runtime = await describeRuntime(defaultConfiguration);
  assert.match(runtime.version, /^\d+\.\d+\.\d+/);
});
