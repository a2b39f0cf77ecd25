// Records a store as this checkout makes it; see README.md.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { gzipSync } from 'node:zlib';
import { asTar, dockerArchive, image } from '../../helpers/image-archives.ts';
import { strataPath } from '../../helpers/strata.ts';
import { dir, file, symlink, tar } from '../../helpers/tar-builder.ts';
import { type RecordedStore, savedImages } from './recorded-store.ts';

const [version] = process.argv.slice(2);
if (version === undefined) throw new Error('usage: record.ts VERSION');
const here = import.meta.dirname;

function recordStore(driver: string, work: string): RecordedStore {
  const root = join(work, 'store');
  const strata = (...args: readonly string[]): string =>
    execFileSync(strataPath, ['--root', root, '--storage-driver', driver, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });

  const context = join(work, 'context');
  mkdirSync(join(context, 'tree/bin'), { recursive: true });
  mkdirSync(join(context, 'tree/etc'));
  const probe = join(context, 'tree/bin/probe');
  execFileSync('gcc', [
    '-Os',
    '-static',
    '-nostdlib',
    '-ffreestanding',
    '-fno-stack-protector',
    '-fno-pie',
    '-no-pie',
    '-fno-tree-loop-distribute-patterns',
    '-fno-builtin',
    '-s',
    '-Wl,-z,noseparate-code',
    '-o',
    probe,
    join(here, 'probe.c'),
  ]);
  writeFileSync(join(context, 'tree/etc/gone'), 'removed by a step\n');
  writeFileSync(
    join(context, 'Dockerfile'),
    `FROM scratch
COPY tree /
RUN ["/bin/probe", "write", "/made", "by a step"]
RUN ["/bin/probe", "remove", "/etc/gone"]
LABEL kept=yes
CMD ["/bin/probe", "say", "built"]
`,
  );
  strata('build', '-t', 'built:1', '-t', 'built:latest', context);

  const base = tar(
    dir('bin'),
    file('bin/probe', readFileSync(probe), { mode: 0o755 }),
    dir('opaque'),
    file('opaque/below', 'hidden\n'),
    file('removed', 'by the layer above\n'),
  );
  const above = tar(
    file('.wh.removed', ''),
    dir('opaque'),
    file('opaque/.wh..wh..opq', ''),
    file('opaque/above', 'shown\n'),
    symlink('link', 'bin/probe'),
    file('attributes', 'user.*\n', { xattrs: { 'user.strata': 'kept' } }),
  );
  const loaded = image([base, above], { config: { Cmd: ['/link', 'say', 'loaded'] } });
  const archive = join(work, 'loaded.tar');
  writeFileSync(archive, asTar(dockerArchive([{ image: loaded, tags: ['loaded:1'] }], (layer) => gzipSync(layer))));
  strata('load', '-i', archive);

  writeFileSync(join(work, 'imported.tar'), base);
  strata('import', '-c', 'CMD ["/bin/probe", "say", "imported"]', join(work, 'imported.tar'), 'imported:1');

  strata('tag', 'built:1', 'moved:1');
  strata('tag', 'loaded:1', 'moved:1');
  strata('create', '--name', 'created', 'built:1');
  strata('run', '--name', 'exited', 'built:1');
  strata('run', '--name', 'writer', 'loaded:1', '/bin/probe', 'write', '/opaque/new', 'by a container');
  strata('commit', '-m', 'recorded', 'writer', 'committed:1');
  strata('commit', 'writer');
  strata('rename', 'writer', 'renamed');

  const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');
  const recorded: RecordedStore = {
    images: lines(strata('images', '-a', '--no-trunc', '--format', '{{.Repository}}:{{.Tag}} {{.ID}} {{.Size}}')),
    containers: lines(strata('ps', '-a', '--no-trunc', '--format', '{{.Names}} {{.ID}} {{.Image}} {{.State}}')),
    usage: lines(strata('system', 'df', '--format', '{{.Type}} {{.TotalCount}} {{.Active}}')),
    logs: strata('logs', 'exited'),
    diff: lines(strata('diff', 'renamed')),
    saved: Object.fromEntries(
      savedImages.map((name) => {
        const path = join(work, 'saved.tar');
        strata('save', '-o', path, name);
        return [name, createHash('sha256').update(readFileSync(path)).digest('hex')];
      }),
    ),
  };
  // The archive is opened in another boot. With the database open SQLite leaves the log where it is.
  const database = new DatabaseSync(join(root, 'strata.db'));
  database.exec("UPDATE state SET value = 'recorded' WHERE name = 'boot'");
  database.exec("UPDATE snapshot SET boot_id = 'recorded' WHERE boot_id NOT NULL");
  const options = ['--xattrs', '--xattrs-include=*', '--exclude=*-shm', '--sort=name'];
  const archived = join(here, `${version}-${driver}.tar.xz`);
  execFileSync('tar', ['-C', work, ...options, '-cJf', archived, 'store', 'context']);
  database.close();
  strata('system', 'prune', '-af');
  return recorded;
}

for (const driver of ['overlay2', 'vfs']) {
  const work = mkdtempSync(join(tmpdir(), 'strata-record-'));
  try {
    const recorded = recordStore(driver, work);
    writeFileSync(join(here, `${version}-${driver}.json`), `${JSON.stringify(recorded, null, 2)}\n`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
