// Runs in a worker: reports a mount and a umask of its own to the main thread.
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { mount } from '../../../src/sys/mount.ts';
import { readMountInfo } from '../../../src/sys/mountinfo.ts';
import { unshareMounts, unshareUmask } from '../../../src/sys/unshare.ts';

const directory = String(workerData);
unshareUmask();
writeFileSync(join(directory, 'open'), '', { mode: 0o666 });
unshareMounts();
mkdirSync(join(directory, 'm'));
mount({ source: 'x', target: join(directory, 'm'), type: 'tmpfs' });
writeFileSync(join(directory, 'm/seen'), '');
parentPort?.postMessage({
  mode: statSync(join(directory, 'open')).mode & 0o777,
  seen: readdirSync(join(directory, 'm')),
  shared: readMountInfo().some(({ propagation }) => propagation.some((tag) => tag.startsWith('shared:'))),
});
// Stays until a message comes, so that the main thread can look around meanwhile.
parentPort?.once('message', () => process.exit(0));
