// Two releases as base images side by side, and an application with its packages on one of them. With `npm run soak`
// the releases are Debian's, made by mmdebstrap from the archive; else they are busybox with files that name them.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { buildContext } from '../helpers/build-context.ts';
import { fill, temporaryFolder } from '../helpers/build-folder.ts';
import { busyboxContext } from '../helpers/busybox-image.ts';
import { needs } from '../helpers/needs.ts';
import { type StrataCommand, strataCommand } from '../helpers/strata.ts';

const releases = ['bookworm', 'trixie'] as const;

const program = (file: string, args: readonly string[], cwd?: string): string =>
  execFileSync(file, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 1 << 26,
    ...(cwd === undefined ? {} : { cwd }),
  });

/** Builds a Debian package of one or two files. */
function makePackage(folder: string, name: string, fields: string, files: Readonly<Record<string, string>>): void {
  const tree = join(folder, `${name}.tree`);
  const control = `Package: ${name}\nVersion: 1.0\nArchitecture: all\nMaintainer: me <me@example.com>\n${fields}Description: ${name}\n`;
  fill(tree, { 'DEBIAN/control': control, ...files });
  for (const path of ['DEBIAN/postinst', 'usr/bin/app']) if (path in files) chmodSync(join(tree, path), 0o755);
  chmodSync(join(tree, 'DEBIAN'), 0o755);
  program('dpkg-deb', ['-Zgzip', '--root-owner-group', '--build', tree, join(folder, `${name}_1.0_all.deb`)]);
}

/** Returns the tar of a release that has only busybox, and a database for its dpkg. */
function busyboxRelease(context: TestContext, release: string): string {
  const tree = join(busyboxContext(context), 'tree');
  const tools = ['ar', 'dpkg', 'dpkg-deb', 'gzip', 'tar', 'zcat'];
  fill(join(tree, 'bin'), Object.fromEntries(tools.map((name) => [name, { link: 'busybox' }])));
  fill(tree, {
    'etc/os-release': `VERSION_CODENAME=${release}\n`,
    'var/lib/dpkg/status': '',
    'var/lib/dpkg/info/': '',
    'usr/bin/': '',
  });
  const tar = join(temporaryFolder(context), `${release}.tar`);
  program('tar', ['-cf', tar, '-C', tree, '.']);
  return tar;
}

function debianRelease(context: TestContext, release: string): string {
  const tar = join(temporaryFolder(context), `${release}.tar`);
  program('mmdebstrap', ['--quiet', '--variant=minbase', release, tar, 'http://deb.debian.org/debian']);
  return tar;
}

async function ok(running: ReturnType<StrataCommand>): Promise<string> {
  const { code, stdout, stderr } = await running;
  assert.equal(code, 0, stderr);
  return stdout;
}

interface SharedSizes {
  readonly RepoTags: readonly string[];
  readonly SharedSize: string | number;
  readonly UniqueSize: string | number;
}

async function story(context: TestContext, tarOf: (context: TestContext, release: string) => string): Promise<void> {
  const strata = strataCommand(context);
  for (const release of releases) {
    const changes = ['-c', 'ENV LC_ALL=C', '-c', 'CMD ["sh"]'];
    await ok(strata('import', ...changes, tarOf(context, release), `debian:${release}`));
  }
  const packages = temporaryFolder(context);
  makePackage(packages, 'app-data', '', {
    'usr/share/app/greeting': 'hello from a package\n',
    'DEBIAN/postinst': '#!/bin/sh\nset -e\necho configured >/usr/share/app/state\n',
  });
  makePackage(packages, 'app', 'Depends: app-data\n', {
    'usr/bin/app':
      '#!/bin/sh\n. /etc/os-release\ncat /usr/share/app/greeting /usr/share/app/state\necho "$VERSION_CODENAME"\n',
  });
  const folder = buildContext(context, [
    'FROM debian:bookworm',
    'COPY *.deb /tmp/',
    'RUN dpkg -i /tmp/*.deb && rm /tmp/*.deb',
    'ENTRYPOINT ["/usr/bin/app"]',
  ]);
  for (const name of readdirSync(packages).filter((each) => each.endsWith('.deb'))) {
    program('cp', [join(packages, name), folder]);
  }
  await ok(strata('build', '-q', '-t', 'app', folder));

  assert.equal(await ok(strata('run', '--rm', 'app')), 'hello from a package\nconfigured\nbookworm\n');
  for (const release of releases) {
    const said = await ok(strata('run', '--rm', `debian:${release}`, 'cat', '/etc/os-release'));
    assert.match(said, new RegExp(`^VERSION_CODENAME=${release}$`, 'm'));
    assert.equal((await strata('run', '--rm', `debian:${release}`, 'test', '-e', '/usr/bin/app')).code, 1);
  }
  const installed = await ok(strata('run', '--rm', '--entrypoint', 'sh', 'app', '-c', 'ls /tmp; dpkg -l'));
  assert.match(installed, /^ii\s+app\s/m);
  assert.match(installed, /^ii\s+app-data\s/m);
  assert.doesNotMatch(installed, /\.deb/);

  const listed = await ok(strata('images', '--format', '{{.Repository}}:{{.Tag}}'));
  assert.deepEqual(listed.trim().split('\n').sort(), ['app:latest', 'debian:bookworm', 'debian:trixie']);
  const { Images: tree } = JSON.parse(await ok(strata('images', '--tree', '--format', 'json'))) as {
    readonly Images: readonly SharedSizes[];
  };
  const sizes = new Map(tree.map((image) => [image.RepoTags[0], image]));
  const size = async (name: string): Promise<number> =>
    Number(await ok(strata('inspect', '--format', '{{.Size}}', name)));
  assert.equal(Number(sizes.get('app:latest')?.SharedSize), await size('debian:bookworm'));
  assert.equal(Number(sizes.get('debian:bookworm')?.UniqueSize), 0);
  assert.equal(Number(sizes.get('debian:trixie')?.SharedSize), 0);

  // The application keeps the layers of its release.
  assert.match(await ok(strata('rmi', 'debian:bookworm', 'debian:trixie')), /^Untagged: debian:bookworm$/m);
  assert.equal(await ok(strata('run', '--rm', 'app')), 'hello from a package\nconfigured\nbookworm\n');
  await ok(strata('system', 'check'));
}

test(
  'two releases are base images side by side, with an application and its packages on one of them',
  {
    skip: needs('root', 'runc', 'overlay', 'busybox', 'dpkg-deb'),
  },
  async (context) => story(context, busyboxRelease),
);

if (process.env['STRATA_SOAK'] !== undefined) {
  test(
    'two releases of Debian are base images in the same way',
    {
      skip: needs('root', 'runc', 'overlay', 'dpkg-deb', 'mmdebstrap'),
    },
    async (context) => story(context, debianRelease),
  );
}
