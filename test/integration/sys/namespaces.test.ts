import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { inNamespacesOf, inNewNamespaces } from '../../../src/sys/namespaces.ts';
import { runChecked, runProgram } from '../../../src/sys/run-program.ts';
import { needs } from '../../helpers/needs.ts';
import { mountsAt } from './mount-directory.ts';
import { scratchDirectory } from './scratch-directory.ts';

test('a worker has mounts and a umask of its own, unseen by other threads', {
  skip: needs('root'),
}, async (context) => {
  const { path } = scratchDirectory(context);
  const worker = new Worker(join(import.meta.dirname, 'unshare.fixture.ts'), { workerData: path });
  const [report] = (await once(worker, 'message')) as [unknown];
  assert.deepEqual(report, { mode: 0o666, seen: ['seen'], shared: false });
  assert.deepEqual(readdirSync(join(path, 'm')), []);
  assert.deepEqual(mountsAt(join(path, 'm')), []);
  writeFileSync(join(path, 'ours'), '', { mode: 0o666 });
  assert.equal(statSync(join(path, 'ours')).mode & 0o777, 0o666 & ~process.umask());
  worker.postMessage('end');
  await once(worker, 'exit');
});

test('a command runs in new namespaces', { skip: needs('root', 'unshare') }, async () => {
  const sh = (script: string): { file: string; args: string[] } => ({ file: '/bin/sh', args: ['-c', script] });
  const script =
    'readlink /proc/self/ns/mnt /proc/self/ns/net /proc/self/ns/uts; echo $$; grep -c shared: /proc/self/mountinfo';
  const { file, args } = inNewNamespaces(['mount', 'net', 'pid', 'uts'], sh(script));
  assert.match(file, /^\/.*\/unshare$/);
  const lines = (await runProgram(file, args)).stdout.toString().split('\n');
  for (const [i, kind] of ['mnt', 'net', 'uts'].entries()) {
    assert.match(lines[i] ?? '', new RegExp(`^${kind}:`));
    assert.notEqual(lines[i], readlinkSync(`/proc/self/ns/${kind}`));
  }
  assert.deepEqual(lines.slice(3, 5), ['1', '0']);
});

test('a user namespace maps root', { skip: needs('unshare') }, async () => {
  const { file, args } = inNewNamespaces(['user'], { file: '/bin/cat', args: ['/proc/self/uid_map'] });
  const { stdout } = await runChecked(file, args);
  assert.match(stdout.toString(), new RegExp(`^\\s*0\\s+${process.geteuid?.()}\\s+1\\s*$`));
});

test('a command runs in the namespaces of a process', { skip: needs('root', 'nsenter') }, async () => {
  const { file, args } = inNamespacesOf(process.pid, ['mount', 'net'], {
    file: '/bin/readlink',
    args: ['/proc/self/ns/mnt', '/proc/self/ns/net'],
  });
  const { stdout } = await runChecked(file, args);
  const own = ['mnt', 'net'].map((kind) => readlinkSync(`/proc/self/ns/${kind}`));
  assert.equal(stdout.toString(), `${own.join('\n')}\n`);
  assert.ok(readFileSync('/proc/self/mountinfo').length > 0);
});
