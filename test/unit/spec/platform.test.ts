import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isStrataError } from '../../../src/errors/index.ts';
import {
  choosePlatform,
  formatPlatform,
  normalizePlatform,
  type Platform,
  parsePlatform,
  platformRank,
  samePlatform,
} from '../../../src/spec/platform.ts';
import { fc } from '../../helpers/properties.ts';

const at = (text: string): Platform => {
  const [os = '', architecture = '', variant] = text.split('/');
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
};

describe('reading', () => {
  const table: readonly (readonly [string, string, string?])[] = [
    ['linux/amd64', 'linux/amd64'],
    ['Linux/x86_64', 'linux/amd64'],
    ['linux/x86-64', 'linux/amd64'],
    ['linux/amd64/v1', 'linux/amd64'],
    ['linux/amd64/v3', 'linux/amd64/v3'],
    ['linux/i386', 'linux/386'],
    ['linux/386', 'linux/386'],
    ['linux/arm64', 'linux/arm64'],
    ['linux/aarch64', 'linux/arm64'],
    ['linux/arm64/v8', 'linux/arm64/v8'],
    ['linux/aarch64/8', 'linux/arm64/v8'],
    ['linux/arm64/v9.1', 'linux/arm64/v9.1'],
    ['linux/arm', 'linux/arm'],
    ['linux/armhf', 'linux/arm'],
    ['linux/armel', 'linux/arm/v6'],
    ['linux/arm/v7', 'linux/arm/v7'],
    ['linux/arm/6', 'linux/arm/v6'],
    ['linux/ppc64le', 'linux/ppc64le'],
    ['linux/future', 'linux/future'],
    ['macOS/arm64', 'darwin/arm64'],
    ['linux', 'linux/s390x', 'linux/s390x'],
    ['linux', 'linux/arm', 'linux/arm/v7'],
    ['linux', 'linux/arm/v6', 'linux/arm/v6'],
    ['arm64', 'linux/arm64'],
    ['Aarch64', 'linux/arm64'],
    ['x86_64', 'freebsd/amd64', 'freebsd/amd64'],
    ['arm', 'linux/arm'],
    ['windows()/amd64', 'windows/amd64'],
  ];
  for (const [text, expected, host] of table) {
    test(`${text} on ${host ?? 'linux/amd64'}`, () => {
      const platform = parsePlatform(text, host === undefined ? undefined : at(host));
      assert.equal(formatPlatform(platform), expected);
      assert.ok(samePlatform(parsePlatform(formatPlatform(platform)), platform));
    });
  }

  test('the version of Windows', () => {
    assert.deepEqual(parsePlatform('windows(10.0.17763)/amd64'), {
      os: 'windows',
      'os.version': '10.0.17763',
      architecture: 'amd64',
    });
  });

  for (const text of [
    '',
    '/',
    '/linux/arm',
    'linux/',
    'linux/arm/',
    'linux /arm',
    'linux/&arm',
    'a/b/c/d',
    '*',
    'solaris9',
    'li(nux',
    'a()b/c',
  ]) {
    test(`refused: ${JSON.stringify(text)}`, () => {
      assert.throws(
        () => parsePlatform(text),
        (error) => isStrataError(error, 'ERR_PLATFORM_INVALID'),
      );
    });
  }

  test('any text gives a platform or a typed error', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'linuxarm64v8/().'.split('')), maxLength: 24 }), (text) => {
        try {
          parsePlatform(text);
        } catch (error) {
          assert.ok(isStrataError(error, 'ERR_PLATFORM_INVALID'));
        }
      }),
    );
  });
});

test('unknown platforms keep a name', () => {
  assert.equal(formatPlatform({ os: '', architecture: 'amd64' }), 'unknown');
  assert.deepEqual(normalizePlatform({ os: 'Linux', architecture: 'constructor', variant: 'V1' }), {
    os: 'linux',
    architecture: 'constructor',
    variant: 'v1',
  });
});

describe('platforms that a machine runs, best first', () => {
  const table: readonly (readonly [machine: string, candidates: readonly string[], not: readonly string[]])[] = [
    ['linux/amd64', ['linux/amd64', 'linux/386'], ['linux/amd64/v2', 'linux/arm64', 'windows/amd64', 'freebsd/amd64']],
    ['linux/amd64/v3', ['linux/amd64/v3', 'linux/amd64/v2', 'linux/amd64/v1', 'linux/386'], ['linux/amd64/v4']],
    [
      'linux/arm64',
      ['linux/arm64/v8', 'linux/arm/v8', 'linux/arm/v7', 'linux/arm/v6', 'linux/arm/v5'],
      ['linux/arm64/v9', 'linux/amd64'],
    ],
    ['linux/arm64/v8.2', ['linux/arm64/v8.2', 'linux/arm64/v8.1', 'linux/arm64', 'linux/arm'], ['linux/arm64/v8.3']],
    [
      'linux/arm64/v9.1',
      ['linux/arm64/v9.1', 'linux/arm64/v9', 'linux/arm64/v8.6', 'linux/arm64/v8'],
      ['linux/arm64/v9.2', 'linux/arm64/v8.7'],
    ],
    ['linux/arm/v7', ['linux/arm', 'linux/arm/v6', 'linux/arm/v5'], ['linux/arm/v8', 'linux/arm64']],
    ['linux/arm/v5', ['linux/arm/v5'], ['linux/arm/v6']],
    ['linux/riscv64', ['linux/riscv64'], ['linux/riscv64/rva23']],
  ];
  for (const [machine, candidates, not] of table) {
    test(machine, () => {
      const ranks = candidates.map((candidate) => platformRank(at(machine), at(candidate)));
      assert.deepEqual(
        ranks,
        ranks.toSorted((a, b) => (a ?? 99) - (b ?? 99)),
      );
      assert.equal(new Set(ranks).size, candidates.length);
      assert.equal(ranks[0], 0);
      for (const other of not) assert.equal(platformRank(at(machine), at(other)), undefined, other);
      const entries = [...not, ...candidates.toReversed()].map((name) => ({ platform: at(name) }));
      assert.deepEqual(choosePlatform(at(machine), [{}, ...entries]), { platform: at(candidates[0]!) });
    });
  }

  test('Windows builds and features', () => {
    const host: Platform = { os: 'windows', architecture: 'amd64', 'os.version': '10.0.17763.1' };
    assert.equal(platformRank(host, { ...host, 'os.version': '10.0.17763.999' }), 0);
    assert.equal(platformRank(host, { ...host, 'os.version': '10.0.20348.1' }), undefined);
    assert.equal(platformRank(host, { ...host, 'os.features': ['win32k'] }), undefined);
    assert.equal(platformRank({ ...host, 'os.features': ['win32k'] }, { ...host, 'os.features': ['win32k'] }), 0);
  });

  test('the first among equals, nothing where nothing suits', () => {
    const first = { platform: at('linux/arm64'), n: 1 };
    assert.equal(choosePlatform(at('linux/arm64/v8'), [first, { platform: at('linux/arm64/v8'), n: 2 }]), first);
    assert.equal(choosePlatform<{ platform?: Platform }>(at('linux/amd64'), [first, {}]), undefined);
  });
});
