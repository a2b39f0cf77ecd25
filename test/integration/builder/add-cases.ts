import { execFileSync } from 'node:child_process';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { characterDevice, dir, fifo, file, hardlink, symlink, tar } from '../../helpers/tar-builder.ts';
import type { CopyCase } from './copy-cases.ts';

const one = tar(
  dir('d', { mode: 0o750, uid: 3, gid: 4 }),
  file('d/f', 'x', { mode: 0o4711, uid: 5, gid: 6 }),
  symlink('l', 'd/f', { uid: 7, gid: 8 }),
);
const oneListing = ['d750 3:4 /to/d', '-4711 5:6 /to/d/f "x"', 'l 7:8 /to/l -> d/f'];
const program = (name: string, input: Uint8Array): Uint8Array => execFileSync(name, ['-c'], { input });
const damaged = { code: 'ERR_ADD_ARCHIVE' } as const;

/** Cases in which docker's ADD does more than COPY: it unpacks archives, which it knows by their content. */
export const addCases: readonly CopyCase[] = [
  {
    name: 'ADD of a file, a folder, a wildcard and a heredoc is COPY',
    context: { f: 'x', 'd/g': 'y', 'a.txt': 'a', 'b.txt': 'b' },
    steps: ['ADD f /f', 'ADD d /d', 'ADD --chown=5:6 --chmod=700 *.txt /t/', 'ADD <<EOF /h', 'z', 'EOF'],
    expected: [
      'd755 0:0 /d',
      '-644 0:0 /d/g "y"',
      '-644 0:0 /f "x"',
      '-644 0:0 /h "z\\n"',
      'd755 5:6 /t',
      '-700 5:6 /t/a.txt "a"',
      '-700 5:6 /t/b.txt "b"',
    ],
  },
  {
    name: 'an archive goes into the destination, with a slash or without, and keeps its owners and modes',
    context: { 'x.tar': one },
    steps: ['ADD x.tar /to'],
    expected: ['d755 0:0 /to', ...oneListing],
  },
  {
    name: 'an archive is known by its content, whatever its name',
    context: {
      'plain.txt': one,
      'g.tar': gzipSync(one),
      z: zstdCompressSync(one),
      'b.xz': program('bzip2', one),
      'x.gz': program('xz', one),
    },
    steps: ['ADD plain.txt /p/', 'ADD g.tar /g/', 'ADD z /z/', 'ADD b.xz /b/', 'ADD x.gz /x/'],
    expected: ['b', 'g', 'p', 'x', 'z'].flatMap((letter) => [
      `d755 0:0 /${letter}`,
      ...oneListing.map((line) => line.replace('/to/', `/${letter}/`)),
    ]),
  },
  {
    name: 'a file that is no archive is copied, whatever its name',
    context: { 'a.tar': 'no archive', 'b.tar.gz': gzipSync('no archive'), 'c.tar': new Uint8Array(1024), 'd.tar': '' },
    steps: ['ADD a.tar b.tar.gz c.tar d.tar /to/', 'COPY --chmod=600 a.tar /a'],
    expected: [
      '-600 0:0 /a "no archive"',
      'd755 0:0 /to',
      '-644 0:0 /to/a.tar "no archive"',
      `-644 0:0 /to/b.tar.gz ${JSON.stringify(gzipSync('no archive').toString('utf8').slice(0, 40))}`,
      `-644 0:0 /to/c.tar ${JSON.stringify('\0'.repeat(40))}`,
      '-644 0:0 /to/d.tar ""',
    ],
  },
  {
    name: '--unpack=false copies an archive, --unpack=true is the default',
    context: { 'x.tar': tar(file('in')) },
    steps: ['ADD --unpack=false --chmod=600 x.tar /x/', 'ADD --unpack=true x.tar /y/'],
    expected: ['d755 0:0 /x', '-600 0:0 /x/x.tar "in' + '\\u0000'.repeat(38) + '"', 'd755 0:0 /y', '-644 0:0 /y/in ""'],
  },
  {
    name: '--chown is for all unpacked files, --chmod is not',
    context: { 'x.tar': one },
    steps: ['ADD --chown=9 --chmod=777 x.tar /to'],
    expected: ['d755 9:9 /to', 'd750 9:9 /to/d', '-4711 9:9 /to/d/f "x"', 'l 9:9 /to/l -> d/f'],
  },
  {
    name: 'several archives and files side by side',
    context: { 'x.tar': tar(file('x', '1')), 'y.tar': tar(file('y', '2')), f: '3' },
    steps: ['ADD x.tar f y.tar /to/'],
    expected: ['d755 0:0 /to', '-644 0:0 /to/f "3"', '-644 0:0 /to/x "1"', '-644 0:0 /to/y "2"'],
  },
  {
    name: 'an archive is laid over existing files: files and folders replace each other, folders merge',
    context: {
      'x.tar': tar(dir('both', { mode: 0o700 }), file('both/new'), file('was-folder', 'f'), dir('was-file'), file('l')),
      'base/to/both/old': '',
      'base/to/was-folder/x': '',
      'base/to/was-file': 'x',
      'base/to/l': { link: '../kept' },
      'base/kept': 'kept',
    },
    steps: ['ADD x.tar /to'],
    expected: [
      '-644 0:0 /kept "kept"',
      'd755 0:0 /to',
      'd700 0:0 /to/both',
      '-644 0:0 /to/both/new ""',
      '-644 0:0 /to/both/old ""',
      '-644 0:0 /to/l ""',
      'd755 0:0 /to/was-file',
      '-644 0:0 /to/was-folder "f"',
    ],
  },
  {
    name: 'the later of two entries of one name stays; parents without an entry are 0755',
    context: { 'x.tar': tar(file('a/b/c', '1', { uid: 5 }), file('d'), dir('d'), dir('e'), file('e', '2')) },
    steps: ['ADD x.tar /'],
    expected: ['d755 0:0 /a', 'd755 0:0 /a/b', '-644 5:0 /a/b/c "1"', 'd755 0:0 /d', '-644 0:0 /e "2"'],
  },
  {
    name: 'the destination directory itself stays as it is',
    context: { 'x.tar': tar(dir('./', { mode: 0o700, uid: 5 }), file('./f')), 'base/to/': { mode: 0o711 } },
    steps: ['ADD x.tar /to'],
    expected: ['d711 0:0 /to', '-644 0:0 /to/f ""'],
  },
  {
    name: 'a destination behind symlinks of the image',
    context: { 'x.tar': tar(file('f')), 'base/l': { link: '/real' }, 'base/real/': '', 'base/none': { link: 'made' } },
    steps: ['ADD x.tar /l', 'ADD x.tar /none/'],
    expected: [
      'l 0:0 /l -> /real',
      'd755 0:0 /made',
      '-644 0:0 /made/f ""',
      'l 0:0 /none -> made',
      'd755 0:0 /real',
      '-644 0:0 /real/f ""',
    ],
  },
  {
    name: 'a destination that is a file',
    context: { 'x.tar': tar(file('f')), 'base/to': 'file' },
    steps: ['ADD x.tar /to'],
    expected: { code: 'ERR_COPY_DESTINATION', error: /\/to: not a directory/ },
  },
  {
    name: 'hardlinks, fifos and devices; overlay’s whiteout is left out',
    context: {
      'x.tar': tar(
        file('a', 'x'),
        hardlink('b', 'a'),
        hardlink('c', '/a'),
        fifo('p', { mode: 0o640 }),
        characterDevice('null', 1, 3, { mode: 0o666 }),
        characterDevice('a', 0, 0),
      ),
    },
    steps: ['ADD x.tar /'],
    expected: ['-644 0:0 /a "x"', '-644 0:0 /b "x"', '-644 0:0 /c "x"', '?666 0:0 /null', 'p640 0:0 /p'],
  },
  {
    name: 'absolute names, and symlinks that lead out, stay inside (A2, A4, A5)',
    context: {
      'x.tar': tar(
        file('/abs/f', '1'),
        symlink('s', '/etc'),
        file('s/x', '2'),
        dir('in'),
        symlink('in/up', '..'),
        symlink('in/out', '../../..'),
        file('in/up/y', '3'),
      ),
    },
    steps: ['ADD x.tar /to'],
    expected: [
      'd755 0:0 /to',
      'd755 0:0 /to/abs',
      '-644 0:0 /to/abs/f "1"',
      'd755 0:0 /to/etc',
      '-644 0:0 /to/etc/x "2"',
      'd755 0:0 /to/in',
      'l 0:0 /to/in/out -> ../../..',
      'l 0:0 /to/in/up -> ..',
      'l 0:0 /to/s -> /etc',
      '-644 0:0 /to/y "3"',
    ],
  },
  {
    name: 'names that climb out (A1)',
    context: { 'x.tar': tar(file('ok'), file('../../victim', 'x')) },
    steps: ['ADD x.tar /to'],
    expected: { ...damaged, error: /line 2: ADD x\.tar: archive entry ".*victim": leads out/ },
  },
  {
    name: 'hardlinks that climb out (A6)',
    context: { 'x.tar': tar(hardlink('l', '../../etc/passwd')) },
    steps: ['ADD x.tar /to'],
    expected: { ...damaged, error: /line 2: ADD x\.tar: .*leads out/ },
  },
  {
    name: 'a hardlink to nothing (A10)',
    context: { 'x.tar': tar(hardlink('l', 'none')) },
    steps: ['ADD x.tar /to'],
    expected: { ...damaged, error: /line 2: ADD x\.tar: .*"none", which does not exist/ },
  },
  {
    name: 'a file as the root (A12)',
    context: { 'x.tar': tar(file('ok'), symlink('./', '/etc')) },
    steps: ['ADD x.tar /to'],
    expected: { ...damaged, error: /line 2: ADD x\.tar: .*makes the root a symlink/ },
  },
  {
    name: 'names that would be whiteouts in a layer (A13)',
    context: { 'x.tar': tar(dir('d'), file('d/.wh.x')) },
    steps: ['ADD x.tar /to'],
    expected: { ...damaged, error: /line 2: ADD x\.tar: archive entry "d\/\.wh\.x": names that begin with \.wh\./ },
  },
  {
    name: 'an archive that is cut short (A24)',
    context: { 'x.tar': tar(file('a', 'x'.repeat(4000))).subarray(0, 2000) },
    steps: ['ADD x.tar /to'],
    expected: { ...damaged, error: /line 2: ADD x\.tar: tar archive: ends at byte 2000/ },
  },
  {
    name: 'a compressed archive that is damaged behind its first entry (A27)',
    context: { 'x.tgz': gzipSync(tar(file('a', 'x'.repeat(400_000)))).subarray(0, -10) },
    steps: ['ADD x.tgz /to'],
    expected: { ...damaged, error: /line 2: ADD x\.tgz: gzip data/ },
  },
  {
    name: 'a URL, and a checksum that is for URLs',
    context: { f: '' },
    steps: ['ENV u=https://example.org/x.tar', 'ADD $u /'],
    expected: { code: 'ERR_NOT_SUPPORTED_YET', error: /line 3: ADD https:\/\/example\.org\/x\.tar: not supported yet/ },
  },
  {
    name: 'a git repository',
    context: {},
    steps: ['ADD git@example.org:some/where.git /'],
    expected: {
      code: 'ERR_NOT_SUPPORTED_YET',
      error: /line 2: ADD git@example\.org:some\/where\.git: not supported yet/,
    },
  },
  {
    name: 'a checksum, which is for URLs',
    context: { f: '' },
    steps: [`ADD --checksum=sha256:${'0'.repeat(64)} f /`],
    expected: { code: 'ERR_DOCKERFILE_VALUE', error: /checksum requires HTTP\(S\) sources/ },
  },
];
