import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { TarEntry } from '../../../../src/archive/tar/types.ts';
import { type ErrorCode, isStrataError } from '../../../../src/errors/index.ts';
import { concatBytes, utf8 } from '../../../../src/lib/bytes.ts';
import {
  base256,
  binary,
  blockDevice,
  characterDevice,
  dir,
  entry,
  fifo,
  file,
  globalPax,
  gnuLongLink,
  gnuLongName,
  hardlink,
  header,
  openTar,
  padToBlock,
  pax,
  paxBody,
  raw,
  symlink,
  tar,
  zeros,
} from '../../../helpers/tar-builder.ts';
import { content, joinParsed, parseTar } from '../../../helpers/tar-events.ts';

type Expected = Readonly<Record<string, unknown>>;

/**
 * Returns the fields of an entry in the form of the tables: names as latin1, xattrs as an object, times as [seconds,
 * ns].
 */
function describeEntry(found: TarEntry): Expected {
  const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
  return {
    ...found,
    path: latin1(found.path),
    linkPath: latin1(found.linkPath),
    userName: latin1(found.userName),
    groupName: latin1(found.groupName),
    mtime: [found.mtime.seconds, found.mtime.nanoseconds],
    xattrs: Object.fromEntries([...found.xattrs].map(([key, value]) => [key, latin1(value)])),
    sparse: found.sparse?.map((run) => [run.offset, run.length]),
  };
}

/** Name, archive, fields per entry. Only given fields are compared; `content` is the file's content as latin1. */
type Good = readonly [name: string, archive: Uint8Array, entries: readonly Expected[]];
type Bad = readonly [name: string, archive: Uint8Array, code: ErrorCode, entriesBefore?: number];

const long = (length: number, last = 'x'): string => `${'d/'.repeat(length).slice(0, length - last.length)}${last}`;
const star = { magic: 'star' } as const;
const gnu = { magic: 'gnu' } as const;

/** Old GNU sparse header: runs at 386, extension flag at 482, real size at 483. */
const oldSparse = (runs: readonly (readonly [number, number])[], real: number, stored: string, extended = 0) =>
  header('sparse', {
    ...gnu,
    typeflag: 'S',
    size: stored.length,
    at: {
      ...Object.fromEntries(
        runs.slice(0, 4).flatMap(([offset, length], i) => [
          [386 + i * 24, base256(offset, 12)],
          [398 + i * 24, base256(length, 12)],
        ]),
      ),
      482: new Uint8Array([extended]),
      483: base256(real, 12),
    },
  });

const sparse10 = (map: string, stored: string, fields: Record<string, string> = {}) =>
  entry('GNUSparseFile.1/s', concatBytes([padToBlock(utf8(map)), utf8(stored)]), {
    pax: {
      'GNU.sparse.major': '1',
      'GNU.sparse.minor': '0',
      'GNU.sparse.name': 's',
      'GNU.sparse.realsize': '2000',
      ...fields,
    },
  });

const sparse01 = (map: string, blocks: number, stored: string, size = 2000) =>
  entry('GNUSparseFile.1/s', stored, {
    pax: {
      'GNU.sparse.size': `${size}`,
      'GNU.sparse.numblocks': `${blocks}`,
      'GNU.sparse.map': map,
      'GNU.sparse.name': 's',
    },
  });

const xs = (count: number): string => 'x'.repeat(count);

const good: readonly Good[] = [
  ['nothing at all', new Uint8Array(0), []],
  ['end blocks only', tar(), []],
  ['one end block only', openTar(zeros(512)), []],
  [
    'file and folder',
    tar(file('a', 'hi'), dir('d/')),
    [
      { path: 'a', type: 'file', sizeBytes: 2, content: 'hi' },
      { path: 'd/', type: 'directory' },
    ],
  ],
  ['names keep dots and slashes', tar(file('./a//b/../c'), dir('.')), [{ path: './a//b/../c' }, { path: '.' }]],
  ['v7 file', tar(header('a', { magic: 'v7', typeflag: 0 })), [{ type: 'file', typeflag: 0, userName: '' }]],
  [
    'v7 folder by its slash',
    tar(header('a/', { magic: 'v7', typeflag: 0, size: 700 })),
    [{ type: 'directory', sizeBytes: 0, storedSizeBytes: 0 }],
  ],
  [
    'v7 ignores what would be user names and devices',
    tar(header('a', { magic: 'v7', at: { 265: 'root', 329: 'garbage' } })),
    [{ userName: '', deviceMajor: 0 }],
  ],
  ['file flag with a slash stays a file', tar(file('a/', 'x')), [{ type: 'file', content: 'x' }]],
  ['contiguous file', tar(file('a', 'x', { typeflag: '7' })), [{ type: 'file', typeflag: 0x37, content: 'x' }]],
  [
    "GNU's directory with a list of its names",
    tar(file('d', 'Yx\0', { ...gnu, typeflag: 'D' }), file('d/x', 'abc', gnu)),
    [
      { type: 'directory', typeflag: 0x44, path: 'd', sizeBytes: 0, storedSizeBytes: 3 },
      { type: 'file', path: 'd/x', content: 'abc' },
    ],
  ],
  [
    "GNU's directory without a list",
    tar(header('d/', { ...gnu, typeflag: 'D' }), file('b')),
    [{ type: 'directory', storedSizeBytes: 0 }, { path: 'b' }],
  ],
  [
    "GNU's volume label is no entry",
    tar(file('label', '', { ...gnu, typeflag: 'V', mode: 0 }), file('a', 'abc', gnu)),
    [{ type: 'file', path: 'a', content: 'abc' }],
  ],
  [
    'volume label with a body, with records that are its own, and nothing behind it',
    tar(pax({ path: 'z' }), file('label', 'xx', { typeflag: 'V' }), file('a'), file('label', '', { typeflag: 'V' })),
    [{ path: 'a' }],
  ],
  [
    "Solaris's extended header",
    tar(
      header('x', { typeflag: 'X', size: paxBody({ mtime: '123456789.5', path: 'long' }).length }),
      padToBlock(paxBody({ mtime: '123456789.5', path: 'long' })),
      file('a', 'abc'),
    ),
    [{ path: 'long', mtime: [123456789, 500_000_000], content: 'abc' }],
  ],
  ['ustar prefix', tar(file('name', '', { prefix: 'a/b' })), [{ path: 'a/b/name' }]],
  [
    'ustar name of 100 bytes and prefix of 155',
    tar(header('n'.repeat(100), { prefix: 'p'.repeat(155) })),
    [{ path: `${'p'.repeat(155)}/${'n'.repeat(100)}` }],
  ],
  [
    'star prefix ends where its times begin',
    tar(header('name', { ...star, prefix: 'p'.repeat(131) })),
    [{ path: `${'p'.repeat(131)}/name` }],
  ],
  [
    'A30 GNU times are no prefix',
    tar(header('name', { ...gnu, at: { 345: '00000001234\0', 357: '00000005670\0' } })),
    [{ path: 'name' }],
  ],
  [
    'A30 prefix in a GNU header, as old Go wrote it',
    tar(header('name', { ...gnu, prefix: 'some/folder' })),
    [{ path: 'some/folder/name' }],
  ],
  [
    'prefix in a GNU header that is no ASCII',
    tar(header('name', { ...gnu, prefix: binary('some\xff/folder') })),
    [{ path: 'name' }],
  ],
  [
    'numbers with spaces around',
    tar(
      header('a', {
        mode: utf8('  644 \0 '),
        uid: utf8(' 12    '),
        gid: utf8('\0\x0017\0\0\0\0'),
        size: utf8('          0 '),
      }),
    ),
    [{ mode: 0o644, uid: 0o12, gid: 0o17 }],
  ],
  ['numbers cut at a NUL', tar(header('a', { uid: utf8('12\x00junk ') })), [{ uid: 0o12 }]],
  [
    'numbers left empty',
    tar(header('a', { uid: zeros(8), gid: utf8('        '), mtime: zeros(12) })),
    [{ uid: 0, gid: 0, mtime: [0, 0] }],
  ],
  [
    'octal over the whole field',
    tar(header('a', { uid: utf8('77777777'), mtime: utf8('777777777777') })),
    [{ uid: 0o77777777, mtime: [0o777777777777, 0] }],
  ],
  [
    'base-256 owner',
    tar(header('a', { ...gnu, uid: base256(4294967294, 8), gid: base256(2 ** 40, 8) })),
    [{ uid: 4294967294, gid: 2 ** 40 }],
  ],
  [
    'A29 base-256 time before 1970',
    tar(header('a', { ...gnu, mtime: base256(-1, 12) }), header('b', { ...gnu, mtime: base256(-(2 ** 40), 12) })),
    [{ mtime: [-1, 0] }, { mtime: [-(2 ** 40), 0] }],
  ],
  ['A29 time in the year 33658', tar(header('a', { mtime: 1e12 })), [{ mtime: [1e12, 0] }]],
  [
    'signed checksum of Sun',
    tar(header(binary('\xe4\xf6'), { checksum: signedSum(header(binary('\xe4\xf6'))) })),
    [{ path: '\xe4\xf6' }],
  ],
  [
    'mode keeps 12 bits only',
    tar(header('a', { mode: 0o104755 }), header('b', { ...gnu, mode: base256(2 ** 40 + 0o7777, 8) })),
    [{ mode: 0o4755 }, { mode: 0o7777 }],
  ],
  [
    'sizes of links, folders, devices and fifos mean nothing',
    tar(
      symlink('l', 't', { size: 99 }),
      dir('d', { size: 5000 }),
      fifo('f', { size: 7 }),
      characterDevice('c', 1, 3, { size: 1 }),
    ),
    [
      { type: 'symlink', sizeBytes: 0 },
      { type: 'directory', sizeBytes: 0 },
      { type: 'fifo', sizeBytes: 0 },
      { type: 'character-device', sizeBytes: 0 },
    ],
  ],
  [
    'negative size of a folder means nothing',
    tar(dir('d', { ...gnu, size: base256(-1, 12) })),
    [{ type: 'directory', sizeBytes: 0 }],
  ],
  [
    'hardlink with a size and no body',
    tar(hardlink('h', 'a', { size: 1234 }), file('b')),
    [{ type: 'hardlink', linkPath: 'a', sizeBytes: 0, storedSizeBytes: 0 }, { path: 'b' }],
  ],
  [
    'hardlink with a size at the end',
    openTar(hardlink('h', 'a', { size: 1234 })),
    [{ type: 'hardlink', sizeBytes: 0 }],
  ],
  [
    'hardlink with a size before end blocks',
    tar(hardlink('h', 'a', { size: 1234 })),
    [{ type: 'hardlink', sizeBytes: 0 }],
  ],
  [
    'hardlink with a short body',
    tar(hardlink('h', 'a', { size: 5 }), padToBlock(utf8('hello')), file('b')),
    [{ type: 'hardlink', sizeBytes: 5, content: 'hello' }, { path: 'b' }],
  ],
  [
    'hardlink with a body of one block',
    tar(hardlink('h', 'a', { size: 512 }), utf8(xs(512)), file('b')),
    [{ content: xs(512) }, { path: 'b' }],
  ],
  [
    'hardlink with a long body',
    tar(hardlink('h', 'a', { size: 1300 }), padToBlock(utf8(xs(1300))), file('b')),
    [{ content: xs(1300) }, { path: 'b' }],
  ],
  [
    'A18 devices',
    tar(characterDevice('null', 1, 3), blockDevice('sda', 8, 1048575), characterDevice('big', 0xffffffff, 0xffffffff)),
    [
      { type: 'character-device', deviceMajor: 1, deviceMinor: 3 },
      { type: 'block-device', deviceMinor: 1048575 },
      { deviceMajor: 0xffffffff, deviceMinor: 0xffffffff },
    ],
  ],
  [
    'A18 device numbers of a plain file mean nothing',
    tar(file('a', '', { ...gnu, major: -5, minor: 2 ** 40 })),
    [{ type: 'file' }],
  ],
  [
    'GNU long name and link',
    tar(gnuLongName(long(300)), gnuLongLink(long(400)), symlink('cut', 'cut')),
    [{ path: long(300), linkPath: long(400) }],
  ],
  ['GNU long name of 512 bytes with its NUL', tar(gnuLongName(xs(511)), file('cut')), [{ path: xs(511) }]],
  ['A28 GNU long name ends at a NUL', tar(gnuLongName('abc\0def'), file('cut')), [{ path: 'abc' }]],
  ['empty GNU long name changes nothing', tar(gnuLongName(''), file('kept')), [{ path: 'kept' }]],
  [
    'last of two GNU long names',
    tar(gnuLongName('one'), gnuLongName('two'), file('cut'), file('own')),
    [{ path: 'two' }, { path: 'own' }],
  ],
  ['GNU long name beats PAX', tar(gnuLongName('gnu'), pax({ path: 'pax' }), file('cut')), [{ path: 'gnu' }]],
  [
    'PAX replaces what it names',
    tar(
      pax({ path: 'p', size: '3', uid: '3000000', gid: '-1', uname: 'u\xe9', gname: 'g', mtime: '1.5' }),
      header('cut', { size: 0 }),
      padToBlock(utf8('abc')),
    ),
    [
      {
        path: 'p',
        sizeBytes: 3,
        uid: 3000000,
        gid: -1,
        userName: 'u\xc3\xa9',
        groupName: 'g',
        mtime: [1, 500000000],
        content: 'abc',
      },
    ],
  ],
  ['PAX link target', tar(pax({ linkpath: long(600) }), symlink('l', 'cut')), [{ linkPath: long(600) }]],
  [
    'empty PAX values change nothing',
    tar(pax({ path: '', size: '', mtime: '', uname: '' }), file('kept', 'x', { uname: 'me', mtime: 5 })),
    [{ path: 'kept', sizeBytes: 1, userName: 'me', mtime: [5, 0] }],
  ],
  ['empty PAX header', tar(pax({}), file('a')), [{ path: 'a' }]],
  ['PAX numbers may have a plus and zeros in front', tar(pax({ uid: '+0012' }), file('a')), [{ uid: 12 }]],
  [
    'last of two PAX headers, the first forgotten',
    tar(pax({ path: 'one', uid: '7' }), pax({ gid: '8' }), file('own')),
    [{ path: 'own', uid: 0, gid: 8 }],
  ],
  [
    'last of two records',
    tar(
      pax([
        ['path', 'one'],
        ['path', 'two'],
      ]),
      file('cut'),
    ),
    [{ path: 'two' }],
  ],
  ['PAX header is for one entry', tar(pax({ uid: '7' }), file('a'), file('b')), [{ uid: 7 }, { uid: 0 }]],
  ['PAX header before the end', tar(pax({ path: 'nobody' })), []],
  ['PAX header at the very end', openTar(file('a'), pax({ path: 'nobody' })), [{ path: 'a' }]],
  [
    'A30 global header is bytes of the next entry',
    tar(globalPax({ uid: '9', comment: 'x' }), file('a'), file('b')),
    [
      { path: 'a', uid: 0 },
      { path: 'b', uid: 0 },
    ],
  ],
  ['A30 global header alone', tar(globalPax({ comment: 'x' })), []],
  [
    'A30 global header makes what came before forgotten, as in Go',
    tar(pax({ path: 'lost' }), gnuLongLink('lost'), globalPax({ a: 'b' }), symlink('own', 't')),
    [{ path: 'own', linkPath: 't' }],
  ],
  [
    'A29 PAX times',
    tar(
      ...['-1', '-1.25', '-0.5', '0.000000001', '1e0'.replace('e0', '.'), '5.1234567899', '1000000000000.9'].flatMap(
        (mtime) => [pax({ mtime }), file('a')],
      ),
    ),
    [
      [-1, 0],
      [-2, 750000000],
      [-1, 500000000],
      [0, 1],
      [1, 0],
      [5, 123456789],
      [1e12, 900000000],
    ].map((mtime) => ({ mtime })),
  ],
  [
    'xattrs are bytes',
    tar(
      file('a', '', {
        xattrs: { 'security.capability': binary('\x01\0\0\x02\0\x20\0\0\xff\n=\xfe'), 'user.empty': '' },
      }),
    ),
    [{ xattrs: { 'security.capability': '\x01\0\0\x02\0\x20\0\0\xff\n=\xfe', 'user.empty': '' } }],
  ],
  [
    'xattr names with escapes of GNU tar',
    tar(file('a', '', { xattrs: { 'user.a%3Db%253D%41%': '1', 'user.\xff': '2' } })),
    [{ xattrs: { 'user.a=b%3D%41%': '1', 'user.\xff': '2' } }],
  ],
  [
    'xattrs of other vendors are left alone',
    tar(
      pax({ 'LIBARCHIVE.xattr.user.a': 'aGk', 'SCHILY.acl.access': 'user::rw-', 'RHT.security.selinux': 'x' }),
      file('a'),
    ),
    [{ xattrs: {} }],
  ],
  [
    'A28 names that are no UTF-8',
    tar(
      file(binary('\xff\xfe\n\x01')),
      pax({ path: binary('\xc3(\n') }),
      file('cut'),
      gnuLongName(binary('\x80')),
      file('cut'),
    ),
    [{ path: '\xff\xfe\n\x01' }, { path: '\xc3(\n' }, { path: '\x80' }],
  ],
  [
    'A28 twins of case and composition stay apart',
    tar(file('A'), file('a'), file('\u00e9'), file('e\u0301')),
    [{ path: 'A' }, { path: 'a' }, { path: '\xc3\xa9' }, { path: 'e\xcc\x81' }],
  ],
  ['A28 name of 300 kB', tar(file(long(300_000))), [{ path: long(300_000) }]],
  ['empty name', tar(header('')), [{ path: '' }]],
  ['A24 no end blocks', openTar(file('a', 'x')), [{ content: 'x' }]],
  ['A24 no end blocks and no fill', openTar(header('a', { size: 1 }), raw('x')), [{ content: 'x' }]],
  ['A24 no end blocks and half the fill', openTar(header('a', { size: 1 }), raw('x'), zeros(100)), [{ content: 'x' }]],
  ['A24 one end block', openTar(file('a', 'x'), zeros(512)), [{ content: 'x' }]],
  ['A24 junk after the end', openTar(tar(file('a', 'x')), raw(xs(3000))), [{ content: 'x' }]],
  ['A24 another archive after the end', openTar(tar(file('a')), tar(file('b'))), [{ path: 'a' }]],
  [
    'junk as fill',
    tar(file('a', 'x', { padding: utf8('y'.repeat(511)) }), file('b')),
    [{ content: 'x' }, { path: 'b' }],
  ],
  [
    'A24 header record without its fill at the end',
    openTar(file('a'), header('x', { typeflag: 'x', size: 6 }), raw('6 a=b\n')),
    [{ path: 'a' }],
  ],
  [
    'A25 old sparse',
    tar(
      oldSparse(
        [
          [512, 3],
          [1024, 2],
        ],
        2000,
        'abcde',
      ),
      padToBlock(utf8('abcde')),
      file('b'),
    ),
    [
      {
        sizeBytes: 2000,
        storedSizeBytes: 5,
        sparse: [
          [512, 3],
          [1024, 2],
        ],
        content: `${'\0'.repeat(512)}abc${'\0'.repeat(509)}de${'\0'.repeat(974)}`,
      },
      { path: 'b' },
    ],
  ],
  [
    'A25 old sparse with extension blocks',
    tar(
      oldSparse(
        [
          [0, 1],
          [10, 1],
          [20, 1],
          [30, 1],
        ],
        1000,
        xs(26),
        1,
      ),
      extension(
        range(21).map((i) => [40 + i * 10, 1]),
        1,
      ),
      extension([[900, 1]], 0),
      padToBlock(utf8(xs(26))),
    ),
    [
      {
        sparse: [[0, 1], [10, 1], [20, 1], [30, 1], ...range(21).map((i) => [40 + i * 10, 1]), [900, 1]],
        storedSizeBytes: 26,
      },
    ],
  ],
  [
    'A25 old sparse of one hole',
    tar(oldSparse([[1000, 0]], 1000, '')),
    [{ sizeBytes: 1000, storedSizeBytes: 0, sparse: [] }],
  ],
  [
    'A25 sparse 0.0',
    tar(
      pax([
        ['GNU.sparse.size', '2000'],
        ['GNU.sparse.numblocks', '2'],
        ['GNU.sparse.offset', '5'],
        ['GNU.sparse.numbytes', '1'],
        ['GNU.sparse.offset', '100'],
        ['GNU.sparse.numbytes', '2'],
      ]),
      file('s', 'abc'),
    ),
    [
      {
        path: 's',
        sizeBytes: 2000,
        sparse: [
          [5, 1],
          [100, 2],
        ],
        storedSizeBytes: 3,
      },
    ],
  ],
  [
    'A25 sparse 0.1',
    tar(sparse01('5,1,100,2', 2, 'abc')),
    [
      {
        path: 's',
        sizeBytes: 2000,
        sparse: [
          [5, 1],
          [100, 2],
        ],
      },
    ],
  ],
  ['A25 sparse 0.1 of nothing', tar(sparse01('0,0', 1, '', 0)), [{ path: 's', sizeBytes: 0, sparse: [] }]],
  [
    'A25 sparse 1.0',
    tar(sparse10('2\n5\n1\n100\n2\n', 'abc'), file('b')),
    [
      {
        path: 's',
        sizeBytes: 2000,
        storedSizeBytes: 3,
        sparse: [
          [5, 1],
          [100, 2],
        ],
      },
      { path: 'b' },
    ],
  ],
  [
    'A25 sparse 1.0 with a map over two blocks',
    tar(
      sparse10(
        `100\n${range(100)
          .map((i) => `${i * 20}\n1\n`)
          .join('')}`,
        xs(100),
      ),
    ),
    [{ storedSizeBytes: 100, sparse: range(100).map((i) => [i * 20, 1]) }],
  ],
  [
    'A25 sparse bomb of a petabyte is one entry',
    tar(sparse10('1\n1125899906842623\n1\n', 'x', { 'GNU.sparse.realsize': '1125899906842624' })),
    [{ sizeBytes: 2 ** 50, storedSizeBytes: 1 }],
  ],
  [
    'A25 sparse of an unknown version is a plain file',
    tar(entry('s', 'abc', { pax: { 'GNU.sparse.major': '2', 'GNU.sparse.minor': '0' } })),
    [{ path: 's', sizeBytes: 3, sparse: undefined, content: 'abc' }],
  ],
  [
    'A25 sparse size of 0.1 beats realsize',
    tar(
      entry('s', '', {
        pax: {
          'GNU.sparse.major': '0',
          'GNU.sparse.minor': '1',
          'GNU.sparse.size': '7',
          'GNU.sparse.realsize': 'x',
          'GNU.sparse.numblocks': '0',
        },
      }),
    ),
    [{ sizeBytes: 7 }],
  ],
];

const bad: readonly Bad[] = [
  ['no archive', utf8('PK\x03\x04'.padEnd(1024, 'x')), 'ERR_TAR_CHECKSUM'],
  ['A30 unknown type', tar(file('b'), file('a', 'abc', { typeflag: 'Q' })), 'ERR_TAR_TYPE', 1],
  ['Solaris ACL', tar(file('a', 'abc', { typeflag: 'A' })), 'ERR_TAR_TYPE'],
  ['obsolete long names of GNU tar', tar(file('a', 'abc', { ...gnu, typeflag: 'N' })), 'ERR_TAR_TYPE'],
  ['the rest of a file of another volume', tar(file('m', 'rest', { ...gnu, typeflag: 'M' })), 'ERR_TAR_TYPE'],
  [
    'GNU directory list of negative size',
    tar(header('d', { ...gnu, typeflag: 'D', size: base256(-1, 12) })),
    'ERR_TAR_NUMBER',
  ],
  ['volume label of 2 GiB', tar(header('v', { ...gnu, typeflag: 'V', size: 2 ** 31 })), 'ERR_TAR_HEADER_TOO_LARGE'],
  ['A24 half a header', openTar(file('a'), header('b').subarray(0, 300)), 'ERR_TAR_TRUNCATED', 1],
  ['A24 half an end block', openTar(file('a'), zeros(300)), 'ERR_TAR_TRUNCATED', 1],
  ['A24 one and a half end blocks', openTar(file('a'), zeros(700)), 'ERR_TAR_TRUNCATED', 1],
  ['A24 lone end block', openTar(file('a'), zeros(512), file('b')), 'ERR_TAR_END_BLOCK', 1],
  ['A24 half a body', openTar(header('a', { size: 1000 }), zeros(999)), 'ERR_TAR_TRUNCATED'],
  ['A24 body of 8 GiB that never comes', openTar(header('a', { size: 2 ** 33 }), zeros(512)), 'ERR_TAR_TRUNCATED'],
  ['A24 size of 8 EiB', tar(header('a', { ...gnu, size: base256(2n ** 63n - 1n, 12) })), 'ERR_TAR_NUMBER'],
  ['A24 size beyond 64 bits', tar(header('a', { ...gnu, size: base256(2n ** 90n, 12) })), 'ERR_TAR_NUMBER'],
  ['A24 negative size', tar(header('a', { ...gnu, size: base256(-1, 12) })), 'ERR_TAR_NUMBER'],
  [
    'A24 negative size that PAX makes positive',
    tar(pax({ size: '0' }), header('a', { ...gnu, size: base256(-1, 12) })),
    'ERR_TAR_NUMBER',
  ],
  ['A24 negative size by PAX', tar(pax({ size: '-1' }), header('a')), 'ERR_TAR_NUMBER'],
  [
    'A24 negative size of a PAX header',
    tar(header('x', { ...gnu, typeflag: 'x', size: base256(-1, 12) })),
    'ERR_TAR_NUMBER',
  ],
  ['A24 octal garbage as size', tar(header('a', { size: utf8('00000000008\0') })), 'ERR_TAR_NUMBER'],
  ['A24 octal garbage as mode', tar(header('a', { mode: utf8('rwxr-xr\0') })), 'ERR_TAR_NUMBER'],
  ['A24 octal garbage as owner', tar(header('a', { uid: utf8('12 34  \0') })), 'ERR_TAR_NUMBER'],
  ['A24 octal garbage as time', tar(header('a', { mtime: utf8('-1         \0') })), 'ERR_TAR_NUMBER'],
  ['octal garbage as device of a plain file', tar(file('a', '', { major: utf8('x\0\0\0\0\0\0\0') })), 'ERR_TAR_NUMBER'],
  ['octal garbage as a time of star', tar(header('a', { ...star, at: { 476: 'yesterday' } })), 'ERR_TAR_NUMBER'],
  ['A24 wrong checksum', tar(header('a', { checksum: 1234 })), 'ERR_TAR_CHECKSUM'],
  ['A24 garbage as checksum', tar(header('a', { checksum: utf8('checksum') })), 'ERR_TAR_CHECKSUM'],
  ['A24 wrong checksum in the second header', tar(file('a', 'x'), header('b', { checksum: 0 })), 'ERR_TAR_CHECKSUM', 1],
  ['A24 PAX header of 2 GiB', tar(header('x', { typeflag: 'x', size: 2 ** 31 })), 'ERR_TAR_HEADER_TOO_LARGE'],
  ['A24 GNU long name of 2 GiB', tar(header('x', { typeflag: 'L', size: 2 ** 31 })), 'ERR_TAR_HEADER_TOO_LARGE'],
  [
    'A24 global header one byte over 1 MiB',
    tar(header('x', { typeflag: 'g', size: 2 ** 20 + 1 })),
    'ERR_TAR_HEADER_TOO_LARGE',
  ],
  [
    'A24 five global headers of nearly 1 MiB',
    tar(...range(5).map(() => globalPax({ comment: xs(1_000_000) })), file('a')),
    'ERR_TAR_HEADER_TOO_LARGE',
  ],
  ['A24 half a PAX header', openTar(pax({ path: xs(600) }).subarray(0, 900)), 'ERR_TAR_TRUNCATED'],
  ['A28 NUL in a PAX path', tar(pax({ path: 'a\0b' }), file('a')), 'ERR_TAR_PAX_RECORD'],
  ['A28 NUL in a PAX link target', tar(pax({ linkpath: 'a\0b' }), symlink('a', 'b')), 'ERR_TAR_PAX_RECORD'],
  ['A28 NUL in a PAX user name', tar(pax({ uname: '\0' }), file('a')), 'ERR_TAR_PAX_RECORD'],
  ['NUL in a PAX key', tar(pax({ 'SCHILY.xattr.user.a\0b': '' }), file('a')), 'ERR_TAR_PAX_RECORD'],
  ['PAX path with NUL in a global header', tar(globalPax({ path: 'a\0b' }), file('a')), 'ERR_TAR_PAX_RECORD'],
  ['A29 NaN as PAX time', tar(pax({ mtime: 'NaN' }), file('a')), 'ERR_TAR_NUMBER'],
  ['A29 exponent as PAX time', tar(pax({ mtime: '1e5' }), file('a')), 'ERR_TAR_NUMBER'],
  ['A29 infinite PAX time', tar(pax({ mtime: '9'.repeat(400) }), file('a')), 'ERR_TAR_NUMBER'],
  ['A29 PAX time without seconds', tar(pax({ mtime: '.5' }), file('a')), 'ERR_TAR_NUMBER'],
  ['A29 garbage as fraction', tar(pax({ mtime: '1.5x' }), file('a')), 'ERR_TAR_NUMBER'],
  ['A29 garbage as access time', tar(pax({ atime: 'x' }), file('a')), 'ERR_TAR_NUMBER'],
  ['A29 base-256 time beyond 2^53', tar(header('a', { ...gnu, mtime: base256(2n ** 60n, 12) })), 'ERR_TAR_NUMBER'],
  ['hexadecimal as PAX number', tar(pax({ uid: '0x10' }), file('a')), 'ERR_TAR_NUMBER'],
  ['sign alone as PAX number', tar(pax({ uid: '-' }), file('a')), 'ERR_TAR_NUMBER'],
  ...[
    ['no length', 'path=a\n'],
    ['no space', '11'],
    ['length below the shortest record', '4 a\n'],
    ['length beyond the header', '99 path=a\n'],
    ['length that ends in the length', '5     a=b\n'],
    ['negative length', '-9 path=a\n'],
    ['length of 400 digits', `${'9'.repeat(400)} path=a\n`],
    ['no line feed', '10 path=ab'],
    ['no key', '8 =value\n'.replace('8', '9')],
    ['no equals sign', '8 path\n\n'],
    ['equals sign of the next record only', '7 path\n9 path=a\n'],
    ['junk after a record', '6 a=b\n\0'],
  ].map(([name, body]): Bad => [`PAX record: ${name}`, tar(pax(utf8(body!)), file('a')), 'ERR_TAR_PAX_RECORD']),
  [
    'PAX record reaching into the fill',
    tar(header('x', { typeflag: 'x', size: 8 }), padToBlock(paxBody({ path: 'abc' })), file('a')),
    'ERR_TAR_PAX_RECORD',
  ],
  ['A18 negative device number', tar(characterDevice('c', -1, 0, gnu)), 'ERR_TAR_NUMBER'],
  ['A18 device number of 33 bits', tar(blockDevice('b', 0, 2n ** 32n, gnu)), 'ERR_TAR_NUMBER'],
  [
    'A25 old sparse: overlap',
    tar(
      oldSparse(
        [
          [0, 5],
          [4, 1],
        ],
        100,
        xs(6),
      ),
      padToBlock(utf8(xs(6))),
    ),
    'ERR_TAR_SPARSE_MAP',
  ],
  [
    'A25 old sparse: backwards',
    tar(
      oldSparse(
        [
          [50, 5],
          [4, 1],
        ],
        100,
        xs(6),
      ),
      padToBlock(utf8(xs(6))),
    ),
    'ERR_TAR_SPARSE_MAP',
  ],
  [
    'A25 old sparse: beyond its size',
    tar(oldSparse([[98, 5]], 100, xs(5)), padToBlock(utf8(xs(5)))),
    'ERR_TAR_SPARSE_MAP',
  ],
  [
    'A25 old sparse: negative offset',
    tar(oldSparse([[-5, 5]], 100, xs(5)), padToBlock(utf8(xs(5)))),
    'ERR_TAR_SPARSE_MAP',
  ],
  ['A25 old sparse: negative size', tar(oldSparse([], -1, '')), 'ERR_TAR_SPARSE_MAP'],
  [
    'A25 old sparse: less stored than mapped',
    tar(oldSparse([[0, 6]], 100, xs(5)), padToBlock(utf8(xs(5)))),
    'ERR_TAR_SPARSE_MAP',
  ],
  [
    'A25 old sparse: more stored than mapped',
    tar(oldSparse([[0, 4]], 100, xs(5)), padToBlock(utf8(xs(5)))),
    'ERR_TAR_SPARSE_MAP',
  ],
  ['A25 old sparse in a ustar header', tar(header('s', { typeflag: 'S' })), 'ERR_TAR_SPARSE_MAP'],
  ['A25 old sparse in a star header', tar(header('s', { ...star, typeflag: 'S' })), 'ERR_TAR_SPARSE_MAP'],
  [
    'A25 old sparse: garbage as real size',
    tar(header('s', { ...gnu, typeflag: 'S', at: { 483: 'x' } })),
    'ERR_TAR_NUMBER',
  ],
  [
    'A25 old sparse: garbage in the map',
    tar(header('s', { ...gnu, typeflag: 'S', at: { 386: 'x' } })),
    'ERR_TAR_NUMBER',
  ],
  ['A25 old sparse: extension block missing', openTar(oldSparse([], 10, '', 1)), 'ERR_TAR_TRUNCATED'],
  [
    'A25 old sparse: extension blocks without end',
    openTar(oldSparse([], 10, '', 1), ...range(2100).map(() => extension([], 1))),
    'ERR_TAR_HEADER_TOO_LARGE',
  ],
  [
    'A25 sparse 0.0 out of turn',
    tar(
      pax([
        ['GNU.sparse.numbytes', '1'],
        ['GNU.sparse.offset', '5'],
      ]),
      file('s'),
    ),
    'ERR_TAR_PAX_RECORD',
  ],
  ['A25 sparse 0.0 with a comma', tar(pax([['GNU.sparse.offset', '1,2']]), file('s')), 'ERR_TAR_PAX_RECORD'],
  ['A25 sparse 0.1 with fewer runs than said', tar(sparse01('5,1', 2, 'a')), 'ERR_TAR_SPARSE_MAP'],
  ['A25 sparse 0.1 without their number', tar(pax({ 'GNU.sparse.map': '0,1' }), file('s', 'a')), 'ERR_TAR_SPARSE_MAP'],
  ['A25 sparse 0.1 with an absurd number of runs', tar(sparse01('5,1', 2 ** 50, 'a')), 'ERR_TAR_SPARSE_MAP'],
  ['A25 sparse 0.1 with garbage', tar(sparse01('5,x', 1, 'a')), 'ERR_TAR_SPARSE_MAP'],
  ['A25 sparse 0.1 overlap', tar(sparse01('0,5,3,1', 2, xs(6))), 'ERR_TAR_SPARSE_MAP'],
  ['A25 sparse 1.0 overlap', tar(sparse10('2\n0\n5\n3\n1\n', xs(6))), 'ERR_TAR_SPARSE_MAP'],
  ['A25 sparse 1.0 without a number', tar(sparse10('x\n', '')), 'ERR_TAR_SPARSE_MAP'],
  ['A25 sparse 1.0 with a negative number', tar(sparse10('-1\n', '')), 'ERR_TAR_SPARSE_MAP'],
  ['A25 sparse 1.0 with an absurd number of runs', tar(sparse10('99999999999\n', '')), 'ERR_TAR_SPARSE_MAP'],
  ['A25 sparse 1.0 whose map is longer than its body', tar(sparse10('9\n1\n1\n', '')), 'ERR_TAR_SPARSE_MAP'],
  [
    'A25 sparse 1.0 without room for a map',
    tar(entry('s', 'abc', { pax: { 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0' } })),
    'ERR_TAR_SPARSE_MAP',
  ],
  ['A25 sparse 1.0 with garbage', tar(sparse10('1\n0\nx\n', 'a')), 'ERR_TAR_SPARSE_MAP'],
  ['A25 sparse 1.0 with a line that never ends', tar(sparse10('1'.repeat(3000), '')), 'ERR_TAR_SPARSE_MAP'],
  [
    'A25 sparse 1.0 with a map over 1 MiB',
    tar(sparse10(`200000\n${'0'.repeat(1_100_000)}`, '')),
    'ERR_TAR_HEADER_TOO_LARGE',
  ],
  ['A25 sparse real size is garbage', tar(sparse10('0\n', '', { 'GNU.sparse.realsize': 'x' })), 'ERR_TAR_NUMBER'],
  [
    'A25 sparse folder',
    tar(pax({ 'GNU.sparse.map': '0,0', 'GNU.sparse.numblocks': '1' }), dir('d')),
    'ERR_TAR_SPARSE_MAP',
  ],
  ['hardlink with half a body', openTar(hardlink('h', 'a', { size: 1000 }), utf8(xs(999))), 'ERR_TAR_TRUNCATED'],
  [
    'hardlink with half a block of body',
    openTar(hardlink('h', 'a', { size: 1000 }), utf8(xs(99))),
    'ERR_TAR_TRUNCATED',
  ],
];

function signedSum(block: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < 512; i++) sum += i >= 148 && i < 156 ? 0x20 : new Int8Array(block.buffer)[block.byteOffset + i]!;
  return sum;
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

function extension(runs: readonly (readonly [number, number] | number[])[], more: number): Uint8Array {
  const block = new Uint8Array(512);
  runs.forEach(([offset, length], i) => {
    block.set(base256(offset!, 12), i * 24);
    block.set(base256(length!, 12), i * 24 + 12);
  });
  block[504] = more;
  return block;
}

suite('tar archives that are read', () => {
  for (const [name, archive, expected] of good) {
    test(name, () => {
      for (const sizes of [[archive.length || 1], [1], [513, 7, 511]]) {
        const parsed = parseTar(archive, sizes);
        assert.equal(parsed.error, undefined);
        assert.equal(parsed.entries.length, expected.length);
        assert.deepEqual(joinParsed(parsed), archive);
        expected.forEach((fields, i) => {
          const found = parsed.entries[i]!;
          const seen: Record<string, unknown> = {
            ...describeEntry(found.entry),
            ...('content' in fields ? { content: Buffer.from(content(found)).toString('latin1') } : {}),
          };
          assert.deepEqual(Object.fromEntries(Object.keys(fields).map((key) => [key, seen[key]])), fields);
          assert.equal(found.body.length, found.entry.storedSizeBytes);
        });
      }
    });
  }
});

suite('tar archives that are refused', () => {
  for (const [name, archive, code, before = 0] of bad) {
    test(name, () => {
      for (const sizes of [[archive.length], [511, 2], [4096]]) {
        const { error, entries } = parseTar(archive, sizes);
        assert.ok(isStrataError(error, code), `${code} expected, not ${String(error)}`);
        assert.equal(error.kind, code === 'ERR_TAR_TYPE' ? 'unsupported' : 'corrupt');
        assert.match(error.message, /^tar archive: /);
        assert.equal(entries.length, before);
      }
    });
  }
});

test('the own tables hold more than half as many cases as the corpus', () => {
  assert.ok(good.length + bad.length > 62 / 2);
});
