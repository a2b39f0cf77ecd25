import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { test } from 'node:test';
import { canIdmapMounts, cgroupVersion, kernelFeatures, knowsFilesystem } from '../../../src/sys/features.ts';
import { needs } from '../../helpers/needs.ts';
import { openDescriptors } from './scratch-directory.ts';

test('features agree with what /proc says', async () => {
  const before = openDescriptors();
  const features = await kernelFeatures();
  assert.equal(features.release, release());
  const filesystems = readFileSync('/proc/filesystems', 'latin1');
  assert.equal(features.erofs, /\terofs$/m.test(filesystems));
  if (process.geteuid?.() === 0) assert.equal(features.overlay.available, /\toverlay$/m.test(filesystems));
  assert.equal(await kernelFeatures(), features);
  assert.equal(openDescriptors(), before);
});

test('an invented filesystem is not known', () => {
  assert.equal(knowsFilesystem('strata-nonexistent'), false);
  assert.equal(knowsFilesystem('tmpfs'), true);
});

test('versions of control groups are distinguished by their mounts', () => {
  assert.equal(cgroupVersion(['ext4', 'cgroup2']), 'v2');
  assert.equal(cgroupVersion(['cgroup', 'cgroup', 'tmpfs']), 'v1');
  assert.equal(cgroupVersion(['cgroup', 'cgroup2']), 'hybrid');
  assert.equal(cgroupVersion(['tmpfs']), 'none');
});

test('idmapped mounts are tried on the directory itself', { skip: needs('root', 'unshare') }, async () => {
  const before = openDescriptors();
  assert.equal(await canIdmapMounts('/proc'), false);
  assert.equal(typeof (await canIdmapMounts(tmpdir())), 'boolean');
  assert.equal(openDescriptors(), before);
});
