import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isIpAddress } from '../../../src/dockerfile/ip-address.ts';
import { parsePorts } from '../../../src/dockerfile/ports.ts';
import { isStrataError } from '../../../src/errors/index.ts';

describe('ports of EXPOSE', () => {
  const cases: readonly (readonly [specs: string, ports: string])[] = [
    ['80', '80/tcp'],
    ['80/tcp', '80/tcp'],
    ['80/UDP', '80/udp'],
    ['80/sctp', '80/sctp'],
    ['80/', '80/tcp'],
    ['0', '0/tcp'],
    ['65535', '65535/tcp'],
    ['+80', '80/tcp'],
    ['0080', '80/tcp'],
    ['80-82', '80/tcp 81/tcp 82/tcp'],
    ['80-80', '80/tcp'],
    ['80-81/udp', '80/udp 81/udp'],
    ['82 80 80 80/udp', '82/tcp 80/tcp 80/udp'],
    ['80-81 81-82', '80/tcp 81/tcp 82/tcp'],
    ['8080:80', '80/tcp'],
    [':80', '80/tcp'],
    ['1.2.3.4::80', '80/tcp'],
    ['1.2.3.4:8080:80/udp', '80/udp'],
    ['8080-8081:80-81', '80/tcp 81/tcp'],
    ['8080-8090:80', '80/tcp'],
    ['[::1]:8080:80', '80/tcp'],
    ['::1:8080:80', '80/tcp'],
    ['', ''],
  ];
  it(`are written out, each once (${cases.length})`, () => {
    for (const [specs, ports] of cases) {
      assert.equal(parsePorts(specs === '' ? [] : specs.split(' ')).join(' '), ports, specs);
    }
  });

  const refused: readonly (readonly [spec: string, message: string])[] = [
    ['', 'invalid port: "": no port specified'],
    ['/tcp', 'invalid port: "/tcp": no port specified'],
    ['80:', 'invalid port: "80:": no port specified'],
    ['80/icmp', 'invalid port: "80/icmp": invalid proto: icmp'],
    ['80/tcp/x', 'invalid port: "80/tcp/x": invalid proto: tcp/x'],
    ['http', 'invalid containerPort: http'],
    ['65536', 'invalid containerPort: 65536'],
    ['-1', 'invalid containerPort: -1'],
    ['81-80', 'invalid containerPort: 81-80'],
    ['80-', 'invalid containerPort: 80-'],
    ['80-x', 'invalid containerPort: 80-x'],
    ['1e2', 'invalid containerPort: 1e2'],
    ['x:80', 'invalid hostPort: x'],
    ['8080-8081:80-82', 'invalid ranges specified for container and host Ports: 80-82 and 8080-8081'],
    ['1.2.3:1:80', 'invalid IP address: 1.2.3'],
    ['localhost:1:80', 'invalid IP address: localhost'],
    ['[::1:1:80', 'invalid IP address [::1'],
  ];
  it(`are refused in docker's words (${refused.length})`, () => {
    for (const [spec, message] of refused) {
      assert.throws(
        () => parsePorts(['1', spec], { start: 2, end: 3 }),
        (error) => {
          assert.ok(isStrataError(error, 'ERR_DOCKERFILE_VALUE'), spec);
          assert.equal(error.message, message);
          assert.deepEqual(error.details, { line: 2, endLine: 3 });
          return true;
        },
        spec,
      );
    }
  });

  it('may be all there are, but not more', () => {
    assert.equal(parsePorts(['0-65535', '0-65535/udp', '0-65535/sctp']).length, 3 * 65536);
    const again = Array.from({ length: 1000 }, (_, index) => `${index}:0-65535`);
    assert.throws(() => parsePorts(again), { code: 'ERR_DOCKERFILE_VALUE' });
    const ranges = Array.from({ length: 1000 }, (_, index) => `${index}-65535`);
    assert.throws(() => parsePorts(ranges), { message: /^EXPOSE names more than 196608 ports$/ });
  });
});

describe('an IP address', () => {
  const good = [
    '0.0.0.0',
    '255.255.255.255',
    '::',
    '::1',
    '1::',
    '1:2:3:4:5:6:7:8',
    'fe80::1:2',
    '::ffff:1.2.3.4',
    '1:2:3:4:5:6:1.2.3.4',
    'ABCD::',
  ];
  const bad = [
    '',
    '1',
    '1.2.3',
    '1.2.3.4.5',
    '01.2.3.4',
    '256.1.1.1',
    '1.2.3.x',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '12345::',
    'g::',
    'fe80::1%eth0',
    '1.2.3.4::',
    '1:2:3:4:5:6:7::8',
    '::1.2.3',
  ];
  it(`is told from other text (${good.length + bad.length})`, () => {
    for (const text of good) assert.equal(isIpAddress(text), true, text);
    for (const text of bad) assert.equal(isIpAddress(text), false, text);
  });
});
