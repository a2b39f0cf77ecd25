import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { infoDocument } from '../../../src/engine/docker/info-document.ts';
import { versionDocument } from '../../../src/engine/docker/version-document.ts';
import type { SystemInfo, Versions } from '../../../src/engine/index.ts';
import { parseOsRelease } from '../../../src/engine/system/host-facts.ts';
import { formatStruct, parseInspectFormat } from '../../../src/query/format.ts';
import type { Struct } from '../../../src/query/template/values.ts';

const versions: Versions = {
  strata: '0.1.0',
  node: '24.1.0',
  runtime: 'runc 1.1.5',
  kernel: '6.1.0',
  platform: 'linux/amd64',
};

const info: SystemInfo = {
  root: '/srv/store',
  versions,
  images: 3,
  containers: { total: 4, running: 1, paused: 1, stopped: 2 },
  host: {
    name: 'box',
    operatingSystem: 'Debian GNU/Linux 12 (bookworm)',
    osVersion: '12',
    architecture: 'x86_64',
    processors: 2,
    memoryBytes: 4096,
    forwardsIpv4: true,
    controllers: ['memory', 'cpu'],
    limitsSwap: false,
  },
  drivers: [
    { driver: 'overlay2', chosen: true, reason: 'works on ext4 (/)' },
    { driver: 'vfs', chosen: false, reason: 'copies each layer whole' },
  ],
  kernel: {
    release: '6.1.0',
    overlay: { available: true, lowerDirPlus: true, volatile: true, userXattr: true },
    openat2: true,
    erofs: true,
    fuse: true,
    userNamespaces: true,
    cgroups: 'v2',
  },
  runtime: { name: 'runc', path: '/usr/sbin/runc', version: '1.1.5', weaknesses: [] },
  configuration: {
    file: '/etc/strata/config.json',
    settings: [
      { key: 'data-root', value: '/srv/store', origin: { from: 'environment', variable: 'STRATA_ROOT' } },
      { key: 'log-driver', value: 'local', origin: { from: 'default' } },
      { key: 'runtimes', value: { crun: { path: 'crun' } }, origin: { from: 'default' } },
      { key: 'storage-driver', value: 'vfs', origin: { from: 'file', path: '/etc/strata/config.json' } },
    ],
  },
  warnings: ['slow'],
};

const documents: Readonly<Record<string, Struct>> = {
  info: infoDocument(info, { now: new Date(0), debug: false }),
  version: versionDocument(versions),
};

// Names of the fields in docker 26.1's `--format '{{json .}}'`.
const dockers: Readonly<Record<string, string>> = {
  info: `ID Containers ContainersRunning ContainersPaused ContainersStopped Images Driver DriverStatus Plugins MemoryLimit
    SwapLimit KernelMemoryTCP CpuCfsPeriod CpuCfsQuota CPUShares CPUSet PidsLimit IPv4Forwarding BridgeNfIptables
    BridgeNfIp6tables Debug NFd OomKillDisable NGoroutines SystemTime LoggingDriver CgroupDriver CgroupVersion
    NEventsListener KernelVersion OperatingSystem OSVersion OSType Architecture IndexServerAddress RegistryConfig NCPU
    MemTotal GenericResources DockerRootDir HttpProxy HttpsProxy NoProxy Name Labels ExperimentalBuild ServerVersion
    Runtimes DefaultRuntime Swarm LiveRestoreEnabled Isolation InitBinary ContainerdCommit RuncCommit InitCommit
    SecurityOptions CDISpecDirs Warnings ClientInfo`,
  version: 'Client Server',
  'version .Client': 'Version ApiVersion DefaultAPIVersion GitCommit GoVersion Os Arch BuildTime Context',
  'version .Server':
    'Platform Components Version ApiVersion MinAPIVersion GitCommit GoVersion Os Arch KernelVersion BuildTime',
};

const render = (name: string, format: string): string =>
  formatStruct(parseInspectFormat(format), documents[name] as Struct);

describe('info and version have the fields of docker, in its order, and then our own', () => {
  for (const [of, names] of Object.entries(dockers)) {
    const [name = '', field = '.'] = of.split(' ');
    const fields = Object.keys(JSON.parse(render(name, `{{json ${field}}}`)) as object);
    const own = field === '.' ? ['Strata'] : [];
    test(of, () => assert.deepEqual(fields, [...names.split(/\s+/), ...own]));
  }
});

describe('fields that scripts probe first', () => {
  const table: readonly (readonly [name: string, format: string, text: string])[] = [
    ['info', '{{.Driver}} {{.DockerRootDir}} {{.ServerVersion}} {{.OSType}}', 'overlay2 /srv/store 0.1.0 linux'],
    ['info', '{{.Containers}} {{.ContainersRunning}} {{.ContainersPaused}} {{.ContainersStopped}}', '4 1 1 2'],
    [
      'info',
      '{{.CgroupVersion}} {{.CgroupDriver}} {{.SecurityOptions}}',
      '2 cgroupfs [name=seccomp,profile=builtin name=cgroupns]',
    ],
    ['info', '{{.MemoryLimit}} {{.SwapLimit}} {{.CPUCfsQuota}} {{.PidsLimit}}', 'true false true false'],
    ['info', '{{.Swarm.LocalNodeState}} {{.NCPU}} {{.Name}} {{.Architecture}}', 'inactive 2 box x86_64'],
    ['info', '{{range $name, $_ := .Runtimes}}{{$name}}{{end}} {{.Runtimes.runc.Path}}', 'crunrunc /usr/sbin/runc'],
    ['info', '{{.Runtimes.crun.Path}} {{.DefaultRuntime}} {{.LoggingDriver}}', 'crun runc local'],
    ['info', '{{.ServerErrors}} {{.ClientErrors}} {{len .DefaultAddressPools}} [{{.ProductLicense}}]', '[] [] 0 []'],
    ['info', '[{{.HTTPProxy}}{{.HTTPSProxy}}{{.NoProxy}}]', '[]'],
    ['info', '{{.RegistryConfig.Mirrors}} {{.RegistryConfig.IndexConfigs}}', '[] map[]'],
    ['info', '{{json .Warnings}} {{range .Plugins.Log}}{{.}},{{end}}', '["slow"] json-file,local,none,'],
    ['info', '{{.Strata.configuration.file}}', '/etc/strata/config.json'],
    [
      'info',
      '{{range .Strata.configuration.settings}}{{.key}}={{.value}} {{.origin.from}},{{end}}',
      'data-root=/srv/store environment,log-driver=local default,runtimes={{crun}} default,storage-driver=vfs file,',
    ],
    ['info', '{{.ClientInfo.Version}} {{.Strata.root}} {{(index .Strata.drivers 1).driver}}', '0.1.0 /srv/store vfs'],
    ['version', '{{.Server.Version}} {{.Client.Version}}', '0.1.0 0.1.0'],
    ['version', '{{.Server.Os}}/{{.Server.Arch}} {{.Server.KernelVersion}}', 'linux/amd64 6.1.0'],
    ['version', '[{{.Server.APIVersion}}{{.Client.APIVersion}}]', '[]'],
    ['version', '{{range .Server.Components}}{{.Name}} {{.Version}};{{end}}', 'Engine 0.1.0;Node 24.1.0;runc 1.1.5;'],
    ['version', '{{.Strata.node}}', '24.1.0'],
  ];
  for (const [name, format, text] of table) test(`${name} ${format}`, () => assert.equal(render(name, format), text));
});

test('a field that nothing has is refused in words of docker', () => {
  assert.throws(() => render('info', '{{.Nope}}'), {
    code: 'ERR_FORMAT_INVALID',
    message: /can't evaluate field Nope in type system\.dockerInfo$/,
  });
});

test('without a runtime and on a machine without control groups, info has the same fields', () => {
  const bare = infoDocument(
    { ...info, runtime: undefined, warnings: [], kernel: { ...info.kernel, cgroups: 'none' } },
    { now: new Date(0), debug: true },
  );
  assert.deepEqual(Object.keys(bare.fields), Object.keys(documents['info']?.fields ?? {}));
  assert.equal(
    formatStruct(parseInspectFormat('{{.DefaultRuntime}}|{{.CgroupDriver}}|{{json .Warnings}}|{{.Debug}}'), bare),
    '|none|null|true',
  );
});

test('os-release is read with and without quotes', () => {
  assert.deepEqual(parseOsRelease(`NAME=Fedora\nPRETTY_NAME="A \\"b\\""\n# no\nVERSION_ID='7'\nbad line\n`), {
    NAME: 'Fedora',
    PRETTY_NAME: 'A "b"',
    VERSION_ID: '7',
  });
});
