import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { defaultPath, mergeEnvironment, processEnvironment } from '../../../src/oci-runtime/environment.ts';

const path = `PATH=${defaultPath}`;

function environment(image: string[], own: string[] = [], terminal = false): string[] {
  return processEnvironment({ image, own, terminal, hostname: 'box', home: '/root' });
}

const rows: readonly (readonly [string, string[], string[], boolean, string[]])[] = [
  ['nothing given', [], [], false, [path, 'HOSTNAME=box', 'HOME=/root']],
  ['a terminal', [], [], true, [path, 'HOSTNAME=box', 'TERM=xterm', 'HOME=/root']],
  ["the image's PATH in place", ['PATH=/bin'], [], false, ['PATH=/bin', 'HOSTNAME=box', 'HOME=/root']],
  ['own beats image', ['A=1', 'B=2'], ['A=3'], false, [path, 'HOSTNAME=box', 'A=3', 'B=2', 'HOME=/root']],
  ['own before image', ['B=2'], ['A=1'], false, [path, 'HOSTNAME=box', 'A=1', 'B=2', 'HOME=/root']],
  ['a bare name takes away', ['A=1', 'B=2'], ['A'], false, [path, 'HOSTNAME=box', 'B=2', 'HOME=/root']],
  ['a bare name takes a default away', [], ['PATH', 'TERM'], true, ['HOSTNAME=box', 'HOME=/root']],
  ['the last of equals wins', [], ['A=1', 'A=2'], false, [path, 'HOSTNAME=box', 'A=2', 'HOME=/root']],
  ['an own HOME', [], ['HOME=/home/me'], false, [path, 'HOSTNAME=box', 'HOME=/home/me']],
  ['an own TERM', [], ['TERM=vt100'], true, [path, 'HOSTNAME=box', 'TERM=vt100', 'HOME=/root']],
  ['an empty value', ['A='], [], false, [path, 'HOSTNAME=box', 'A=', 'HOME=/root']],
  [
    'a value with equals signs and a line break',
    ['A=b=c\nd'],
    [],
    false,
    [path, 'HOSTNAME=box', 'A=b=c\nd', 'HOME=/root'],
  ],
  [
    'names that objects have',
    ['__proto__=x', 'constructor=y'],
    [],
    false,
    [path, 'HOSTNAME=box', '__proto__=x', 'constructor=y', 'HOME=/root'],
  ],
];

suite('environment of a process', () => {
  for (const [name, image, own, terminal, expected] of rows) {
    test(name, () => assert.deepEqual(environment(image, own, terminal), expected));
  }

  test('hostile entries are refused', () => {
    for (const entry of ['A=b\0c', 'A\0=b', `A=${'x'.repeat(131_072)}`]) {
      assert.throws(() => environment([entry]), { code: 'ERR_COMMAND_INVALID' });
      assert.throws(() => environment([], [entry]), { code: 'ERR_COMMAND_INVALID' });
    }
    for (const entry of ['=x', '']) {
      assert.throws(() => environment([entry]), { code: 'ERR_ENVIRONMENT_INVALID', kind: 'invalid-argument' });
    }
  });

  test('variables as inspect shows them', () => {
    assert.deepEqual(mergeEnvironment(['A=1', 'B=2'], ['B=3', 'C']), ['B=3', 'C', 'A=1']);
    assert.deepEqual(mergeEnvironment(['A=1'], []), ['A=1']);
    assert.deepEqual(mergeEnvironment(['A=1', 'B=2'], ['A=2', 'B=3', 'A']), ['A', 'B=3']);
  });
});
