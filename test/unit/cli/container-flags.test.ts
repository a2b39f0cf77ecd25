import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Command } from 'commander';
import { defineContainerFlags } from '../../../src/cli/flags/container-flags.ts';
import { laterContainerFlags } from '../../../src/cli/flags/later-container-flags.ts';
import { isStrataError } from '../../../src/errors/index.ts';

// Flags of docker 26.1's `create --help`, and those that it hides on Linux.
const dockers = `
  add-host annotation attach blkio-weight blkio-weight-device cap-add cap-drop cgroup-parent cgroupns cidfile
  cpu-period cpu-quota cpu-rt-period cpu-rt-runtime cpu-shares cpus cpuset-cpus cpuset-mems device
  device-cgroup-rule device-read-bps device-read-iops device-write-bps device-write-iops disable-content-trust
  dns dns-option dns-search domainname entrypoint env env-file expose gpus group-add health-cmd health-interval
  health-retries health-start-interval health-start-period health-timeout hostname init interactive ip ip6 ipc
  isolation kernel-memory label label-file link link-local-ip log-driver log-opt mac-address memory
  memory-reservation memory-swap memory-swappiness mount name network network-alias no-healthcheck
  oom-kill-disable oom-score-adj pid pids-limit platform privileged publish publish-all pull quiet read-only
  restart rm runtime security-opt shm-size stop-signal stop-timeout storage-opt sysctl tmpfs tty ulimit user
  userns uts volume volume-driver volumes-from workdir
  cpu-count cpu-percent io-maxbandwidth io-maxiops net net-alias dns-opt
`;

const defineCommand = (): Command => {
  const command = new Command('create').exitOverride();
  defineContainerFlags(command);
  return command.action(() => undefined);
};

test('every flag of docker’s create is known by name', () => {
  const known = new Set(defineCommand().options.map(({ long }) => long));
  const missing = dockers.split(/\s+/).filter((name) => name !== '' && !known.has(`--${name}`));
  assert.deepEqual(missing, []);
});

test('a flag that is not there yet is answered with its name and with what there is instead', () => {
  for (const later of laterContainerFlags) {
    assert.ok(typeof later !== 'string', `${String(later)} has a hint`);
    const [flag, hint] = later;
    const long = /--[a-z0-9-]+/.exec(flag)?.[0] ?? '';
    const value = flag.includes('<') ? ['1'] : [];
    assert.throws(
      () => defineCommand().parse([long, ...value, 'image'], { from: 'user' }),
      (error) =>
        isStrataError(error, 'ERR_NOT_SUPPORTED_YET') &&
        error.message === `${long}: not supported yet` &&
        error.hint === hint,
      flag,
    );
  }
});
