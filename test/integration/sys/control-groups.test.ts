import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { processesInControlGroup, removeControlGroup } from '../../../src/sys/control-groups.ts';
import { readMountInfo } from '../../../src/sys/mountinfo.ts';
import { needs } from '../../helpers/needs.ts';

const mount = readMountInfo().find(({ type }) => type === 'cgroup2');
const hierarchy = Buffer.from(mount?.mountPoint ?? []).toString();
const skip = needs('root') || (hierarchy === '' && 'no control groups of version 2');

// Processes of a domain are listed as such, those of a threaded group by their threads.
for (const type of ['domain', 'threaded']) {
  test(`processes of a ${type} group are found, and killed with it`, { skip }, async (t) => {
    const path = `/strata-test-${process.pid}-${type}`;
    const group = join(hierarchy, path);
    const inner = join(group, 'inner');
    // A process with several threads.
    const child = spawn(process.execPath, ['-e', 'console.log(1); setInterval(() => {}, 1e6)'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit');
    t.after(async () => {
      child.kill('SIGKILL');
      await ended;
      await removeControlGroup(path);
    });
    await once(child.stdout, 'data');
    mkdirSync(inner, { recursive: true });
    if (type === 'threaded') writeFileSync(join(inner, 'cgroup.type'), type);
    writeFileSync(join(inner, 'cgroup.procs'), String(child.pid));
    assert.deepEqual(processesInControlGroup(path), [child.pid]);
    await removeControlGroup(path);
    assert.deepEqual(await ended, [null, 'SIGKILL']);
    // The removal waits two seconds for the processes it killed; a busy kernel takes longer.
    while (existsSync(group)) await removeControlGroup(path);
    assert.deepEqual(processesInControlGroup(path), []);
  });
}
