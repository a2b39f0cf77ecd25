// Strata and GNU tar or bsdtar read each other's archives.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { encodeTarHeader, type TarHeaderFields, tarEnd, tarPadding } from '../../../../src/archive/tar/writer.ts';
import { concatBytes, utf8 } from '../../../../src/lib/bytes.ts';
import { needs } from '../../../helpers/needs.ts';
import { binary } from '../../../helpers/tar-builder.ts';
import { content, joinParsed, type ParsedEntry, parseTar } from '../../../helpers/tar-events.ts';

const env = { ...process.env, LC_ALL: 'C.UTF-8', TZ: 'UTC' };
const run = (program: string, args: readonly string[], input?: Uint8Array): Buffer =>
  execFileSync(program, args, { env, input, maxBuffer: 1 << 28, stdio: ['pipe', 'pipe', 'pipe'] });

/** Runs `use` with a temporary folder. */
function inFolder(use: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'strata-tar-'));
  try {
    use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Facts {
  readonly type: string;
  readonly mode: number;
  readonly mtimeNs: bigint;
  readonly link?: string;
  readonly sha256?: string;
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
const onDisk = (...parts: readonly string[]): Buffer => Buffer.from(parts.join('/'), 'latin1');

/** Returns the facts of every file below `root`, by path (latin1, one character a byte). */
function factsOnDisk(root: string, below = '', found = new Map<string, Facts>()): Map<string, Facts> {
  for (const name of readdirSync(onDisk(root, below), { encoding: 'latin1' })) {
    const path = below === '' ? name : `${below}/${name}`;
    const full = onDisk(root, path);
    const stat = lstatSync(full, { bigint: true });
    const common = { mode: Number(stat.mode) & 0o7777, mtimeNs: stat.mtimeNs };
    if (stat.isDirectory()) {
      found.set(path, { type: 'directory', ...common });
      factsOnDisk(root, path, found);
    } else if (stat.isSymbolicLink()) {
      found.set(path, { type: 'symlink', ...common, link: latin1(readlinkSync(full, { encoding: 'buffer' })) });
    } else if (stat.isFIFO()) {
      found.set(path, { type: 'fifo', ...common });
    } else {
      found.set(path, { type: 'file', ...common, sha256: sha256(readFileSync(full)) });
    }
  }
  return found;
}

/** Returns the facts of every entry of an archive by path; a hardlink has the facts of its target. */
function factsInArchive(entries: readonly ParsedEntry[]): Map<string, Facts> {
  const found = new Map<string, Facts>();
  const plain = (path: Uint8Array): string => latin1(path).replace(/^\.\//, '').replace(/\/$/, '');
  for (const parsed of entries) {
    const { entry } = parsed;
    const path = plain(entry.path);
    if (path === '.' || path === '') continue;
    const mtimeNs = BigInt(entry.mtime.seconds) * 1_000_000_000n + BigInt(entry.mtime.nanoseconds);
    const common = { type: entry.type, mode: entry.mode, mtimeNs };
    if (entry.type === 'hardlink') found.set(path, found.get(plain(entry.linkPath))!);
    else if (entry.type === 'symlink') found.set(path, { ...common, link: latin1(entry.linkPath) });
    else if (entry.type === 'file') found.set(path, { ...common, sha256: sha256(content(parsed)) });
    else found.set(path, common);
  }
  return found;
}

const inSeconds = (facts: ReadonlyMap<string, Facts>): Map<string, Facts> =>
  new Map([...facts].map(([path, fact]) => [path, { ...fact, mtimeNs: floorToSecond(fact.mtimeNs) }]));

const floorToSecond = (ns: bigint): bigint => ns - (((ns % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n);

const sortByPath = (facts: ReadonlyMap<string, Facts>): [string, Facts][] =>
  [...facts].sort(([a], [b]) => (a < b ? -1 : 1));

/** Writes a file of 60 runs of 4 KiB, one in each 64 KiB, so that the old GNU format needs extension blocks. */
function writeHoles(path: string): void {
  const file = openSync(path, 'w');
  for (let i = 0; i < 60; i++) writeSync(file, Buffer.alloc(4096, 0x41 + i), 0, 4096, i * (64 << 10));
  ftruncateSync(file, 61 * (64 << 10) + 5);
  closeSync(file);
}

function makeTree(root: string, short: boolean): void {
  const at = (name: string): Buffer => onDisk(root, name);
  mkdirSync(join(root, 'folder/below'), { recursive: true });
  writeFileSync(at('file'), 'content\n');
  writeFileSync(at('empty'), '');
  writeFileSync(at('folder/block'), Buffer.alloc(512, 'b'));
  writeFileSync(at('folder/below/large'), Buffer.alloc(300_001, 'abc'));
  writeFileSync(at('caf\xe9\nline'), 'x');
  run('ln', ['-s', '../some where', join(root, 'folder/symlink')]);
  run('ln', [join(root, 'file'), join(root, 'hardlink')]);
  run('chmod', ['4711', join(root, 'folder/block')]);
  if (!short) {
    run('mkfifo', [join(root, 'fifo')]);
    const deep = join(root, `${'d'.repeat(90)}/${'e'.repeat(90)}/${'f'.repeat(90)}`);
    mkdirSync(deep, { recursive: true });
    writeFileSync(join(deep, 'g'.repeat(120)), 'deep');
    run('ln', ['-s', 't'.repeat(200), join(deep, 'link')]);
  }
  run('touch', ['-h', '-d', '2001-02-03 04:05:06.123456789', join(root, 'folder/symlink'), join(root, 'file')]);
  run('touch', ['-d', '1980-01-01', join(root, 'folder')]);
}

interface Format {
  readonly program: string;
  readonly args: readonly string[];
  readonly short?: boolean;
  readonly times?: 'seconds' | 'nanoseconds' | 'mixed';
}

const formats: readonly Format[] = [
  { program: 'tar', args: ['--format=v7'], short: true },
  { program: 'tar', args: ['--format=ustar'], short: true },
  { program: 'tar', args: ['--format=oldgnu'] },
  { program: 'tar', args: ['--format=gnu'] },
  { program: 'tar', args: ['--format=posix'], times: 'nanoseconds' },
  { program: 'tar', args: ['--format=posix', '--pax-option=globexthdr.name=g,comment=global'], times: 'nanoseconds' },
  { program: 'tar', args: ['--format=posix', '--blocking-factor=1', '--numeric-owner'], times: 'nanoseconds' },
  { program: 'bsdtar', args: ['--format=v7'], short: true },
  { program: 'bsdtar', args: ['--format=ustar'], short: true },
  { program: 'bsdtar', args: ['--format=gnutar'] },
  { program: 'bsdtar', args: ['--format=pax'], times: 'nanoseconds' },
  // PAX, and with it nanoseconds, only for entries that do not fit into ustar.
  { program: 'bsdtar', args: ['--format=paxr'], times: 'mixed' },
];

suite('archives of other programs are read', () => {
  for (const { program, args, short = false, times = 'seconds' } of formats) {
    test(`${program} ${args.join(' ')}`, { skip: needs(program) }, () => {
      inFolder((folder) => {
        const root = join(folder, 'root');
        makeTree(root, short);
        const archive = run(program, [...args, '-C', root, '-cf', '-', '.']);
        const parsed = parseTar(archive, [65_536, 1000]);
        assert.equal(parsed.error, undefined);
        assert.deepEqual(joinParsed(parsed), new Uint8Array(archive));
        const found = factsInArchive(parsed.entries);
        const expected = factsOnDisk(root);
        if (times === 'mixed') assert.deepEqual(sortByPath(inSeconds(found)), sortByPath(inSeconds(expected)));
        else assert.deepEqual(sortByPath(found), sortByPath(times === 'nanoseconds' ? expected : inSeconds(expected)));
        const { uid, gid } = statSync(root);
        for (const { entry } of parsed.entries) assert.deepEqual([entry.uid, entry.gid], [uid, gid]);
      });
    });
  }

  test('tar --listed-incremental: folders are lists of their names', () => {
    inFolder((folder) => {
      mkdirSync(join(folder, 'root/sub'), { recursive: true });
      writeFileSync(join(folder, 'root/file'), 'x');
      const snapshot = `--listed-incremental=${join(folder, 'snapshot')}`;
      const archive = run('tar', ['--format=gnu', snapshot, '-C', folder, '-cf', '-', 'root']);
      const parsed = parseTar(archive);
      assert.equal(parsed.error, undefined);
      assert.deepEqual(joinParsed(parsed), new Uint8Array(archive));
      assert.deepEqual(
        parsed.entries.map(({ entry, body }) => [entry.typeflag, latin1(entry.path), latin1(body)]),
        [
          [0x44, 'root/', 'Yfile\0Dsub\0\0'],
          [0x44, 'root/sub/', '\0'],
          [0x30, 'root/file', 'x'],
        ],
      );
    });
  });

  const sparse: readonly Format[] = [
    { program: 'tar', args: ['--format=oldgnu', '-S'] },
    { program: 'tar', args: ['--format=gnu', '-S'] },
    ...['0.0', '0.1', '1.0'].map((version) => ({
      program: 'tar',
      args: ['--format=posix', `--sparse-version=${version}`, '-S'],
    })),
    { program: 'bsdtar', args: ['--format=pax'] },
  ];
  for (const { program, args } of sparse) {
    test(`${program} ${args.join(' ')} of a file with 60 holes`, { skip: needs(program) }, () => {
      inFolder((folder) => {
        writeHoles(join(folder, 'holes'));
        writeFileSync(join(folder, 'after'), 'x');
        const raw = program === 'tar' ? ['--hole-detection=raw'] : [];
        const archive = run(program, [...args, ...raw, '-C', folder, '-cf', '-', 'holes', 'after']);
        const parsed = parseTar(archive, [4096, 333]);
        assert.equal(parsed.error, undefined);
        assert.deepEqual(joinParsed(parsed), new Uint8Array(archive));
        const [holes, after] = parsed.entries;
        assert.equal(latin1(holes!.entry.path), 'holes');
        assert.equal(latin1(after!.entry.path), 'after');
        assert.equal(sha256(content(holes!)), sha256(readFileSync(join(folder, 'holes'))));
        // bsdtar takes holes from the filesystem, which may report none.
        if (program === 'tar') {
          assert.equal(holes!.entry.sparse?.length, 60);
          assert.equal(holes!.entry.storedSizeBytes, 60 * 4096);
        }
      });
    });
  }
});

const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
const time = { seconds: 1_600_000_000, nanoseconds: 987_654_321 };
const plain = { mode: 0o644, ...owner, mtime: time };
const holes = [
  { offset: 65_536, length: 4096 },
  { offset: 200_704, length: 1024 },
  { offset: 500_000, length: 7 },
];

/** Members that together need every feature of the writer. */
const ours: readonly (readonly [fields: TarHeaderFields, body?: Uint8Array])[] = [
  [{ ...plain, path: utf8('a file'), type: 'file', sizeBytes: 5 }, utf8('hello')],
  [{ ...plain, path: utf8('folder/'), type: 'directory', mode: 0o2750 }],
  [
    { ...plain, path: utf8(`folder/${'n'.repeat(150)}`), type: 'file', mode: 0o4755, sizeBytes: 600 },
    new Uint8Array(600).fill(7),
  ],
  [{ ...plain, path: binary('folder/latin\xe4'), type: 'file', mtime: { seconds: 1, nanoseconds: 0 } }],
  [{ ...plain, path: binary(`folder/${'l'.repeat(130)}\xe4`), type: 'file' }],
  [{ ...plain, path: utf8(`folder/${'ü'.repeat(80)}`), type: 'symlink', mode: 0o777, linkPath: utf8('t'.repeat(300)) }],
  [
    { ...plain, path: utf8('folder/sparse'), type: 'file', sizeBytes: 500_007, sparse: holes },
    new Uint8Array(5127).fill(9),
  ],
  [{ ...plain, path: utf8('same'), type: 'hardlink', linkPath: utf8('a file') }],
  [{ ...plain, path: utf8('fifo'), type: 'fifo' }],
  // Without a fraction: tar 1.34 misreads its own -9.5, and bsdtar takes -9.5 as -8.5.
  [{ ...plain, path: utf8('old'), type: 'file', mtime: { seconds: -10, nanoseconds: 0 } }],
  [{ ...plain, path: utf8('hole'), type: 'file', sizeBytes: 1 << 20, sparse: [] }],
  [{ ...plain, path: utf8('end hole'), type: 'file', sizeBytes: 1 << 20, sparse: holes }, new Uint8Array(5127).fill(8)],
];

const archive = concatBytes([
  ...ours.flatMap(([fields, body = new Uint8Array(0)]) => [encodeTarHeader(fields), body, tarPadding(body.length)]),
  tarEnd,
]);

suite('other programs read our archives', () => {
  const { entries, error } = parseTar(archive);
  const expected = sortByPath(factsInArchive(entries));

  test('we do ourselves', () => {
    assert.equal(error, undefined);
    assert.equal(expected.length, ours.length);
  });

  for (const program of ['tar', 'bsdtar']) {
    test(`${program} extracts`, { skip: needs(program) }, () => {
      inFolder((folder) => {
        const { status, stderr } = spawnSync(program, ['-C', folder, '-xpf', '-'], { env, input: archive });
        assert.equal(status, 0, stderr.toString());
        assert.deepEqual(sortByPath(factsOnDisk(folder)), expected);
        assert.equal(statSync(join(folder, 'same')).ino, statSync(join(folder, 'a file')).ino);
        writeHoles(join(folder, 'probe'));
        if (statSync(join(folder, 'probe')).blocks < 60 * 128) {
          for (const name of ['hole', 'end hole', 'folder/sparse']) {
            assert.ok(statSync(join(folder, name)).blocks * 512 <= 5 * 4096, `${name} keeps its holes`);
          }
        }
      });
    });
  }

  test('tar lists owners, sizes and times to the nanosecond', () => {
    const lines = run('tar', ['-tv', '--numeric-owner', '--full-time', '-f', '-'], archive)
      .toString('latin1')
      .split('\n');
    assert.equal(lines.length, ours.length + 1);
    const line = (i: number): string => lines[i]!.replace(/ +/g, ' ');
    assert.equal(line(0), `-rw-r--r-- ${owner.uid}/${owner.gid} 5 2020-09-13 12:26:40.987654321 a file`);
    assert.match(line(1), /^drwxr-s--- /);
    assert.match(line(7), / same link to a file$/);
    assert.match(line(9), / 1969-12-31 23:59:50 old$/);
    assert.match(line(6), / 500007 2020-09-13 12:26:40.987654321 folder\/sparse$/);
  });

  test('tar and bsdtar list owners and sizes beyond what octal holds', { skip: needs('bsdtar') }, () => {
    const large = encodeTarHeader({
      ...plain,
      path: utf8('l'),
      type: 'file',
      uid: 4_000_000_000,
      gid: 3_000_000,
      sizeBytes: 2 ** 34,
    });
    const input = concatBytes([large, new Uint8Array(512)]);
    for (const program of ['tar', 'bsdtar']) {
      // Both programs list the entry and then fail, as the body is missing.
      const { stdout } = spawnSync(program, ['-tv', '--numeric-owner', '-f', '-'], { env, input });
      assert.match(stdout.toString(), /4000000000[ /]+3000000 +17179869184 /);
    }
  });

  test('xattrs with binary values survive a round through tar and a file system', (t) => {
    const xattrs = new Map([
      ['user.plain', utf8('value')],
      ['user.binary', binary('\0\x01\xff\n=\xfe')],
      ['user.odd=name%3D', utf8('x')],
    ]);
    const header = encodeTarHeader({ ...plain, path: utf8('f'), type: 'file', xattrs });
    inFolder((folder) => {
      const args = ['--xattrs', '--xattrs-include=*'];
      const { stderr } = spawnSync('tar', ['-C', folder, ...args, '-xf', '-'], {
        env,
        input: concatBytes([header, tarEnd]),
      });
      if (stderr.includes('not supported')) return t.skip(`no user xattrs in ${tmpdir()}`);
      const again = parseTar(run('tar', ['-C', folder, ...args, '--format=posix', '-cf', '-', 'f']));
      const found = [...again.entries[0]!.entry.xattrs].filter(([name]) => name.startsWith('user.'));
      assert.deepEqual(new Map(found), xattrs);
      return undefined;
    });
  });
});
