import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDomain, splitHostPort } from '../../../src/reference/grammar.ts';
import { apiHost, credentialKey, isLoopback } from '../../../src/reference/registry-host.ts';

test('Docker Hub answers under another name', () => {
  assert.equal(apiHost('docker.io'), 'registry-1.docker.io');
  assert.equal(apiHost('ghcr.io'), 'ghcr.io');
  assert.equal(credentialKey('docker.io'), 'https://index.docker.io/v1/');
  assert.equal(credentialKey('localhost:5000'), 'localhost:5000');
});

test('host and port', () => {
  assert.deepEqual(splitHostPort('a.b:80'), { host: 'a.b', port: '80' });
  assert.deepEqual(splitHostPort('a.b'), { host: 'a.b', port: undefined });
  assert.deepEqual(splitHostPort('[::1]:80'), { host: '[::1]', port: '80' });
  assert.deepEqual(splitHostPort('[::1]'), { host: '[::1]', port: undefined });
});

test('loopback hosts', () => {
  for (const domain of [
    'localhost',
    'LocalHost:5000',
    '127.0.0.1',
    '127.0.0.1:5000',
    '127.255.3.4',
    '[::1]',
    '[::1]:5000',
    '[0:0:0:0:0:0:0:1]',
    '[0::0:1]',
    '[::ffff:7f00:1]',
  ]) {
    assert.ok(isDomain(domain), domain);
    assert.ok(isLoopback(domain), domain);
  }
  for (const domain of [
    'localhost.example',
    'xlocalhost',
    '127.0.0.1.example',
    '127.0.0.256',
    '127.1',
    '126.0.0.1',
    '0.0.0.0',
    '[::]',
    '[::2]',
    '[1::1]',
    '[::ffff:8000:1]',
    '[:::1]',
    '[::1::]',
    '[1:2:3:4:5:6:7]',
    '[0:0:0:0:0:0:0:0:1]',
    '::1',
  ]) {
    assert.equal(isLoopback(domain), false, domain);
  }
});
