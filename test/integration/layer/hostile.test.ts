// Layers made to break out, break down or be misread. Each is applied to its own overlay directory and to one tree: it
// is refused with a typed error or contained, files beside the tree stay as they were, and no file stays open.
import assert from 'node:assert/strict';
import { lstatSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { isStrataError } from '../../../src/errors/index.ts';
import { applyChain, applyOnto } from '../../../src/layer/index.ts';
import type { AppliedLayer, LayerSource } from '../../../src/layer/types.ts';
import { concatBytes, utf8 } from '../../../src/lib/bytes.ts';
import type { DiffId, Digest } from '../../../src/spec/digest.ts';
import { LayerTrees } from '../../helpers/layer-trees.ts';
import { makeHostReadOnly } from '../../helpers/make-host-read-only.ts';
import { needs, output } from '../../helpers/needs.ts';
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
  hardlink,
  header,
  opaque,
  openTar,
  pax,
  raw,
  symlink,
  tar,
  whiteout,
  zeros,
} from '../../helpers/tar-builder.ts';
import { treeListing } from '../../helpers/tree-listing.ts';

// These layers try to write to the machine; one that could must fail here and change nothing.
makeHostReadOnly();

interface Case {
  /** Row of docs/bad-inputs.md, and what is tried. */
  readonly title: string;
  readonly layer: Uint8Array;
  /** A layer below it. */
  readonly below?: Uint8Array;
  readonly source?: Partial<LayerSource>;
  /** Codes of which one must be the refusal's. */
  readonly refused?: string | readonly string[];
  /** The layer is accepted, and the tree has lines like these, and none like those. */
  readonly has?: readonly RegExp[];
  readonly hasNot?: readonly RegExp[];
  readonly also?: (applied: AppliedLayer, root: string) => void;
}

const escape = 'ERR_LAYER_PATH_ESCAPE';
const invalid = 'ERR_LAYER_ENTRY_INVALID';
const missing = 'ERR_LAYER_LINK_MISSING';

const capability = binary('\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00');
const capabilityHex = Buffer.from(capability).toString('hex');

const breakouts: readonly Case[] = [
  ...['../x', '/../x', 'a/../../x', '..', './..', 'a/b/../../../victim/secret'].map((path) => ({
    title: `A1 a file named ${path}`,
    layer: tar(file(path, 'evil')),
    refused: escape,
  })),
  { title: 'A1 a directory named ../', layer: tar(dir('../', { mode: 0o777, uid: 1 })), refused: escape },
  { title: 'A1 a/../b stays inside', layer: tar(dir('a'), file('a/../b', 'b')), has: [/^"b" file/] },
  { title: 'A2 an absolute path', layer: tar(file('/etc/x', 'x')), has: [/^"etc\/x" file/] },
  {
    title: 'A3 a file through a symlink out of the tree',
    layer: tar(symlink('l', '../victim'), file('l/f', 'evil')),
    has: [/^"victim\/f" file/, /^"l" link/],
  },
  ...['/', '/..', '../../../..', '../victim', '/../victim', './../victim', 'd/../../victim'].map((target) => ({
    title: `A3 a file through a symlink to ${target}`,
    layer: tar(symlink('l', target), file('l/f', 'evil')),
    has: [/f" file/],
  })),
  {
    title: 'A4 two hops',
    layer: tar(
      dir('inner'),
      symlink('inner/go_up', '..'),
      symlink('inner/go_up/escape', '../victim'),
      file('inner/go_up/escape/f', 'evil'),
    ),
    has: [/^"escape" link/, /^"victim\/f" file/],
  },
  {
    title: 'A4 a symlink that changes between two uses',
    layer: tar(symlink('l', 'a'), file('l/1', ''), symlink('l', '../victim'), file('l/2', '')),
    has: [/^"a\/1" file/, /^"victim\/2" file/],
  },
  {
    title: 'A5 an absolute symlink inside the root is followed inside',
    layer: tar(dir('run'), symlink('var/run', '/run'), file('var/run/pid', '1')),
    has: [/^"run\/pid" file/],
  },
  {
    title: 'A5 a loop of symlinks',
    layer: tar(symlink('a', 'b'), symlink('b', 'a'), file('a/x', '')),
    refused: invalid,
  },
  { title: 'A5 a symlink to itself', layer: tar(symlink('a', 'a'), file('a/x', '')), refused: invalid },
  ...['../victim/secret', '/../victim/secret', '../root-evil/secret', '..', 'd/../../victim/secret'].map((target) => ({
    title: `A6 a hardlink to ${target}`,
    layer: tar(dir('d'), hardlink('h', target)),
    refused: escape,
  })),
  {
    title: 'A6 a hardlink through a symlink out of the tree',
    layer: tar(symlink('l', '../victim'), hardlink('h', 'l/secret')),
    refused: missing,
  },
  {
    title: 'A7 a hardlink through a symlinked directory resolves inside',
    layer: tar(dir('etc'), file('etc/passwd', 'in'), symlink('d1', '../../etc'), hardlink('h', 'd1/passwd')),
    has: [/^"h" file .* same-as="etc\/passwd"/],
  },
  {
    title: 'A8 a hardlink to a symlink is one to the symlink, and writing that name follows nothing',
    layer: tar(
      symlink('s', '../victim/secret', { mtime: 5 }),
      hardlink('h', 's', { mode: 0o777, uid: 9 }),
      file('h', 'mine'),
    ),
    has: [/^"h" file 0644 0:0 4b/, /^"s" link 0777 0:0/],
  },
  {
    title: 'A9 a hardlink with an absolute target',
    layer: tar(file('usr/bin/perl', '#!'), hardlink('usr/bin/perl5', '/usr/bin/perl')),
    has: [/same-as="usr\/bin\/perl"/],
  },
  { title: 'A10 a hardlink to nothing', layer: tar(hardlink('h', 'none')), refused: missing },
  {
    title: 'A10 a hardlink to a later file',
    layer: tar(hardlink('h', 'later'), file('later', '')),
    refused: missing,
  },
  { title: 'A10 a hardlink to itself', layer: tar(file('a', 'a'), hardlink('a', './a')), refused: invalid },
  { title: 'A10 a hardlink to itself that is not there', layer: tar(hardlink('a', 'a')), refused: missing },
  { title: 'A10 a hardlink to a directory', layer: tar(dir('d'), hardlink('h', 'd')), refused: invalid },
  {
    title: 'A10 a hardlink to a directory below',
    below: tar(dir('d')),
    layer: tar(hardlink('h', 'd')),
    refused: invalid,
  },
  {
    title: 'A10 a hardlink to a file that this layer deletes',
    below: tar(file('f', '')),
    layer: tar(whiteout('f'), hardlink('h', 'f')),
    refused: missing,
  },
  {
    title: 'A11 owner, mode, times and attributes of a symlink are its own',
    layer: tar(
      symlink('l', '../victim/secret', {
        mode: 0o4777,
        uid: 5,
        gid: 6,
        mtime: 7,
        xattrs: { 'user.evil': 'x', 'trusted.t': 't' },
      }),
    ),
    has: [/^"l" link 0777 5:6 -> "\.\.\/victim\/secret" trusted.t=74 @7000000000$/],
    also: (applied) => assert.match(applied.warnings.join(), /user\.evil.*EPERM/),
  },
  ...(['./', '.', '/', './/.'] as const).flatMap((path) => [
    {
      title: `A12 the root as a symlink named ${JSON.stringify(path)}`,
      layer: tar(symlink(path, '../victim')),
      refused: invalid,
    },
    {
      title: `A12 the root as a file named ${JSON.stringify(path)}`,
      layer: tar(entry(path, 'x', { typeflag: '7' })),
      refused: invalid,
    },
  ]),
  { title: 'A12 the root as a hardlink', layer: tar(file('a', ''), hardlink('.', 'a')), refused: invalid },
  { title: 'A12 the root as a device', layer: tar(characterDevice('./', 1, 3)), refused: invalid },
];

const whiteouts: readonly Case[] = [
  ...['.wh.', '.wh..', '.wh...', 'etc/.wh.', 'etc/.wh..', 'etc/.wh...'].map((path) => ({
    title: `A13 ${path}`,
    below: tar(file('etc/passwd', '')),
    layer: tar(file(path, '')),
    refused: invalid,
  })),
  { title: 'A13 a directory with the name of a whiteout', layer: tar(file('.wh.x/y', '')), refused: invalid },
  {
    title: 'A14 a whiteout through a symlink out of the tree',
    below: tar(symlink('localetc', '../../victim'), dir('victim'), file('victim/secret', 'in')),
    layer: tar(whiteout('localetc/secret')),
    has: [/^"victim" dir/, /^"localetc" link/],
    hasNot: [/^"victim\/secret"/],
  },
  {
    title: 'A14 a whiteout of a symlink removes the link',
    below: tar(symlink('l', '../victim')),
    layer: tar(whiteout('l')),
    hasNot: [/^"l"/],
  },
  {
    title: 'A15 an opaque marker in a file has no effect',
    below: tar(file('f', 'f')),
    layer: tar(opaque('f')),
    has: [/^"f" file/],
  },
  {
    title: 'A16 book-keeping of aufs creates nothing',
    layer: tar(
      dir('.wh..wh.plnk', { mode: 0o700 }),
      file('.wh..wh.plnk/12.34', 'data'),
      file('.wh..wh.aufs', ''),
      dir('.wh..wh.orph'),
      file('real', ''),
    ),
    has: [/^"real" file/],
    hasNot: [/\.wh\./],
    also: (applied) => assert.equal(applied.entries, 5),
  },
  {
    title: 'A17 attributes that steer overlayfs',
    layer: tar(
      dir('d', {
        xattrs: {
          'trusted.overlay.opaque': 'y',
          'user.overlay.opaque': 'y',
          'trusted.overlay.redirect': '/victim',
          'user.kept': 'k',
        },
      }),
      file('f', '', {
        xattrs: {
          'trusted.overlay.metacopy': '',
          'trusted.overlay.whiteout': 'y',
          'trusted.overlay.overlay.opaque': 'y',
        },
      }),
    ),
    has: [/^"d" dir 0755 0:0 user.kept=6b @/, /^"f" file/],
    also: (_, root) => {
      const all = treeListing(root, { xattrs: () => true }).join('\n');
      assert.doesNotMatch(all, /overlay/);
    },
  },
  {
    title: 'A17 a raw whiteout of overlayfs deletes nothing',
    below: tar(file('f', 'below'), dir('d'), file('d/x', '')),
    layer: tar(characterDevice('f', 0, 0), characterDevice('d', 0, 0, { mode: 0 }), blockDevice('b', 0, 0)),
    has: [/^"f" file/, /^"d\/x" file/],
    hasNot: [/^"b"/],
  },
];

const nodes: readonly Case[] = [
  {
    title: 'A18 devices and fifos',
    layer: tar(
      characterDevice('c', 5, 1, { mode: 0o620, uid: 1, gid: 5 }),
      blockDevice('b', 259, 1048575),
      fifo('p', { mode: 0o1666 }),
    ),
    has: [/^"c" char 0620 1:5 rdev=1281/, /^"b" block 0600/, /^"p" fifo 1666/],
  },
  { title: 'A18 a major beyond the kernel', layer: tar(characterDevice('c', 4096, 1)), refused: invalid },
  { title: 'A18 a minor beyond the kernel', layer: tar(blockDevice('c', 1, 1048576)), refused: invalid },
  {
    title: 'A18 a major beyond 32 bits',
    layer: tar(characterDevice('c', 2n ** 33n, 1)),
    refused: ['ERR_TAR_NUMBER', invalid],
  },
  {
    title: 'A18 a negative minor',
    layer: tar(characterDevice('c', 1, -1)),
    refused: ['ERR_TAR_NUMBER', invalid],
  },
  {
    title: 'A19 setuid, setgid and sticky survive the change of owner',
    layer: tar(
      file('suid', 'x', { mode: 0o4755, uid: 7, gid: 8 }),
      file('sgid', 'x', { mode: 0o2711, gid: 8 }),
      dir('sticky', { mode: 0o1777, uid: 7 }),
      dir('group', { mode: 0o2775, gid: 50 }),
      file('group/inside', ''),
      dir('group/dir'),
    ),
    has: [
      /^"suid" file 4755 7:8/,
      /^"sgid" file 2711 0:8/,
      /^"sticky" dir 1777 7:0/,
      /^"group" dir 2775 0:50/,
      /^"group\/inside" file 0644 0:0/,
      /^"group\/dir" dir 0755 0:0/,
    ],
  },
  {
    title: 'A20 capabilities and attributes, binary, also on a file with another owner',
    layer: tar(
      file('ping', 'elf', {
        mode: 0o755,
        uid: 3,
        xattrs: { 'security.capability': capability, 'user.bin': binary('\x00\xff=\n') },
      }),
      dir('d', { xattrs: { 'user.d': 'd', 'security.selinux': 'system_u:object_r:x:s0' } }),
    ),
    has: [
      new RegExp(`^"ping" file 0755 3:0 .*security.capability=${capabilityHex} user.bin=00ff3d0a`),
      /^"d" dir 0755 0:0 user.d=64 @/,
    ],
  },
  { title: 'A20 a bad PAX record', layer: tar(pax(utf8('garbage')), file('f', '')), refused: 'ERR_TAR_PAX_RECORD' },
  { title: 'an owner that means "leave it"', layer: tar(file('f', '', { uid: 4294967295 })), refused: invalid },
  { title: 'an owner beyond 32 bits', layer: tar(file('f', '', { gid: 2n ** 40n })), refused: invalid },
];

const duplicates: readonly Case[] = [
  {
    title: 'A21 a file twice',
    layer: tar(file('f', 'one', { mode: 0o600 }), file('f', 'second')),
    has: [/^"f" file 0644 0:0 6b/],
  },
  {
    title: 'A21 a directory over a file, and back',
    layer: tar(
      file('a', 'f'),
      dir('a'),
      file('a/x', 'x'),
      file('b', ''),
      dir('c'),
      file('c/deep/er', ''),
      file('c', 'flat'),
    ),
    has: [/^"a" dir/, /^"a\/x" file/, /^"c" file 0644 0:0 4b/],
    also: (applied) => assert.equal(applied.sizeBytes, 5),
  },
  {
    title: 'A21 a symlink over a directory removes its content',
    layer: tar(dir('d'), file('d/x', 'x'), symlink('d', '../victim')),
    has: [/^"d" link/],
    hasNot: [/^"d\/x"/],
  },
  {
    title: 'A21 a directory over a symlink is not the directory behind it',
    layer: tar(symlink('d', '../victim'), dir('d', { mode: 0o700 }), file('d/x', 'x')),
    has: [/^"d" dir 0700/, /^"d\/x" file/],
  },
  {
    title: 'A21 a file over a symlink does not write through it',
    layer: tar(symlink('f', '../victim/secret'), file('f', 'x')),
    has: [/^"f" file 0644 0:0 1b/],
  },
  {
    title: 'A21 a directory twice takes the later owner, mode and time, and keeps its content',
    layer: tar(
      dir('d', { mode: 0o700, uid: 1, xattrs: { 'user.old': 'o' } }),
      file('d/x', ''),
      dir('d', { mode: 0o711, mtime: 9, xattrs: { 'user.new': 'n' } }),
    ),
    has: [/^"d" dir 0711 0:0 user.new=6e @9000000000$/, /^"d\/x"/],
  },
  {
    title: 'A21 a device over a file over a fifo over a hardlink',
    layer: tar(file('a', 'a'), hardlink('b', 'a'), fifo('b'), file('b', ''), characterDevice('b', 1, 3)),
    has: [/^"a" file/, /^"b" char/],
  },
  { title: 'A22 a file used as a directory', layer: tar(file('a', ''), file('a/b', '')), refused: invalid },
  {
    title: 'A22 a file below used as a directory',
    below: tar(file('a', '')),
    layer: tar(file('a/b', '')),
    refused: invalid,
  },
  { title: 'A22 a fifo used as a directory', layer: tar(fifo('a'), dir('a/b')), refused: invalid },
  {
    title: 'A23 directories without an entry',
    layer: tar(file('a/b/c/d', '', { mtime: 3 })),
    has: [/^"a" dir 0755 0:0 @3/, /^"a\/b\/c" dir 0755 0:0 @3/],
  },
];

const garbage: readonly Case[] = [
  {
    title: 'A24 a long name of 2 GiB',
    layer: openTar(header('x', { typeflag: 'L', size: 2 ** 31 })),
    refused: 'ERR_TAR_HEADER_TOO_LARGE',
  },
  {
    title: 'A24 a PAX header of 2 GiB',
    layer: openTar(header('x', { typeflag: 'x', size: 2 ** 31 })),
    refused: 'ERR_TAR_HEADER_TOO_LARGE',
  },
  {
    title: 'A24 a file of 8 EiB',
    layer: openTar(header('x', { size: base256(2n ** 63n - 1n, 12) })),
    refused: ['ERR_TAR_NUMBER', 'ERR_TAR_TRUNCATED'],
  },
  { title: 'A24 a negative size', layer: openTar(header('x', { size: base256(-1, 12) })), refused: 'ERR_TAR_NUMBER' },
  {
    title: 'A24 garbage for octal',
    layer: openTar(header('x', { mode: utf8('zzzzzzz\0') })),
    refused: 'ERR_TAR_NUMBER',
  },
  { title: 'A24 a wrong checksum', layer: openTar(header('x', { checksum: 1 })), refused: 'ERR_TAR_CHECKSUM' },
  {
    title: 'A24 no tar at all',
    layer: utf8('<!DOCTYPE html>'.repeat(100)),
    refused: ['ERR_TAR_CHECKSUM', 'ERR_TAR_TRUNCATED'],
  },
  {
    title: 'A24 an end inside a header',
    layer: tar(file('a', 'a')).subarray(0, 1024 + 100),
    refused: 'ERR_TAR_TRUNCATED',
  },
  {
    title: 'A24 an end inside a body',
    layer: tar(file('a', 'a'.repeat(5000))).subarray(0, 2000),
    refused: 'ERR_TAR_TRUNCATED',
  },
  { title: 'A24 no end blocks', layer: openTar(file('a', 'a')), has: [/^"a" file/] },
  { title: 'A24 an empty file', layer: new Uint8Array(0), has: [/^"" dir 0755 0:0 @0$/] },
  {
    title: 'A24 junk behind the end',
    layer: concatBytes([tar(file('a', 'a')), raw('junk'), zeros(5000)]),
    has: [/^"a" file/],
  },
  {
    title: 'A25 a sparse file stays sparse',
    layer: tar(
      entry('s', concatBytes([raw('1\n1048576\n1\n'), zeros(500), raw('x')]), {
        typeflag: '0',
        pax: {
          'GNU.sparse.major': '1',
          'GNU.sparse.minor': '0',
          'GNU.sparse.name': 's',
          'GNU.sparse.realsize': '4194304',
        },
      }),
    ),
    has: [/^"s" file 0644 0:0 4194304b/],
    also: (_, root) => assert.ok(lstatSync(join(root, 's')).blocks * 512 < 65536),
  },
  {
    title: 'A25 sparse runs that overlap',
    layer: tar(
      entry('s', 'xx', {
        pax: {
          'GNU.sparse.major': '0',
          'GNU.sparse.minor': '1',
          'GNU.sparse.numblocks': '2',
          'GNU.sparse.map': '5,1,4,1',
          'GNU.sparse.size': '10',
        },
      }),
    ),
    refused: 'ERR_TAR_SPARSE_MAP',
  },
  {
    title: 'A26 gzip members one after the other',
    layer: concatBytes([gzipSync(file('a', 'a')), gzipSync(tar(file('b', 'b')))]),
    has: [/^"a"/, /^"b"/],
  },
  {
    title: 'A26 zstd frames one after the other',
    layer: concatBytes([zstdCompressSync(file('a', 'a')), zstdCompressSync(tar(file('b', 'b')))]),
    has: [/^"a"/, /^"b"/],
  },
  {
    title: 'A27 gzip cut short',
    layer: gzipSync(tar(file('a', 'a'))).subarray(0, 60),
    refused: ['ERR_COMPRESSION_TRUNCATED', 'ERR_COMPRESSION_CORRUPT'],
  },
  {
    title: 'A27 gzip with a flipped bit',
    layer: gzipSync(tar(file('a', 'abc'))).map((byte, at) => (at === 30 ? byte ^ 4 : byte)),
    refused: ['ERR_COMPRESSION_CORRUPT', 'ERR_COMPRESSION_TRUNCATED', 'ERR_TAR_CHECKSUM'],
  },
  {
    title: 'A27 junk behind gzip',
    layer: concatBytes([gzipSync(tar(file('a', 'a'))), raw('junk')]),
    refused: 'ERR_COMPRESSION_CORRUPT',
  },
  {
    title: 'A27 another digest',
    layer: tar(file('a', 'a')),
    source: { digest: `sha256:${'0'.repeat(64)}` as Digest },
    refused: 'ERR_LAYER_DIGEST_MISMATCH',
  },
  {
    title: 'A27 another diffID',
    layer: gzipSync(tar(file('a', 'a'))),
    source: { diffId: `sha256:${'0'.repeat(64)}` as DiffId },
    refused: 'ERR_LAYER_DIFF_ID_MISMATCH',
  },
  {
    title: 'A27 another diffID of a plain tar',
    layer: tar(file('a', 'a')),
    source: { diffId: `sha256:${'0'.repeat(64)}` as DiffId },
    refused: 'ERR_LAYER_DIFF_ID_MISMATCH',
  },
  {
    title: 'A28 names are bytes',
    layer: tar(
      file(binary('\xff\xfe\n \\'), ''),
      file('é', 'nfc'),
      file('e\u0301', 'nfd'),
      file('A', ''),
      file('a', ''),
      symlink('l', binary('\x80\xff')),
    ),
    has: [
      /^"\u00ff\u00fe\\n \\\\" file/,
      /^"\u00c3\u00a9" file 0644 0:0 3b/,
      /^"e\u00cc\u0081" file/,
      /^"A" file/,
      /^"a" file/,
      /-> "\u0080\u00ff"/,
    ],
  },
  {
    title: 'A28 a NUL in a PAX path',
    layer: tar(file('x', '', { pax: { path: 'a\0b' } })),
    refused: [invalid, 'ERR_TAR_PAX_RECORD'],
  },
  { title: 'A28 a component of 255 bytes', layer: tar(file('x'.repeat(255), '')), has: [/^"x{255}" file/] },
  { title: 'A28 a component of 256 bytes', layer: tar(file('x'.repeat(256), '')), refused: invalid },

  { title: 'A28 a path of 3901 bytes', layer: tar(file(`${'d/'.repeat(1950)}f`, '')), has: [/d\/f" file/] },
  { title: 'A28 a path of 4097 bytes', layer: tar(file(`${'d/'.repeat(2048)}f`, '')), refused: invalid },
  {
    title: 'A28 a tree deepened through symlinks ends where no path reaches',
    layer: tar(
      dir('d/'.repeat(2000)),
      symlink('s', 'd/'.repeat(2000).slice(0, 3000)),
      file(`s/${'e/'.repeat(1500)}f`, ''),
    ),
    refused: invalid,
  },
  { title: 'A28 a link target beyond PATH_MAX', layer: tar(symlink('l', 'x'.repeat(5000))), refused: invalid },
  { title: 'A29 times before 1970', layer: tar(file('f', '', { mtime: -1 })), has: [/^"f" file .*@-1000000000$/] },
  {
    title: 'A29 times beyond every filesystem are clamped',
    layer: tar(file('f', '', { pax: { mtime: '1000000000000' } })),
    has: [/^"f" file/],
  },
  {
    title: 'A29 nanoseconds',
    layer: tar(file('f', '', { mtime: 5, mtimeNanoseconds: 987654321 }), dir('d', { mtime: 6, mtimeNanoseconds: 1 })),
    has: [/@5987654321$/, /^"d" dir .*@6000000001$/],
  },
  { title: 'A29 NaN', layer: tar(file('f', '', { pax: { mtime: 'NaN' } })), refused: 'ERR_TAR_NUMBER' },
  {
    title: 'A30 an unknown type',
    layer: tar(entry('f', 'data', { typeflag: 'Z' })),
    refused: 'ERR_TAR_TYPE',
  },
  {
    title: 'a volume label and entries without a name create nothing; a directory with a list is a directory',
    layer: tar(
      file('label', '', { typeflag: 'V', mode: 0 }),
      file('', 'nothing'),
      symlink('', '../victim'),
      entry('d', 'Yx\0', { typeflag: 'D', mode: 0o711, mtime: 7 }),
      file('d/x', ''),
    ),
    has: [/^"d" dir 0711 0:0 @7000000000$/, /^"d\/x" file/],
    hasNot: [/label/, /nothing/],
  },
  {
    title: 'A30 a global header changes no file',
    layer: tar(globalPax({ path: '../x', uid: '7' }), file('f', '')),
    has: [/^"f" file 0644 0:0/],
  },
];

const all = [...breakouts, ...whiteouts, ...nodes, ...duplicates, ...garbage];

interface Jail {
  readonly trees: LayerTrees;
  readonly folder: string;
  readonly root: string;
}

function makeJail(context: TestContext): Jail {
  const trees = new LayerTrees(context);
  const folder = trees.directory('jail');
  for (const name of ['root', 'victim', 'root-evil']) mkdirSync(join(folder, name), { mode: 0o755 });
  for (const name of ['victim/secret', 'root-evil/secret'])
    writeFileSync(join(folder, name), 'canary', { mode: 0o600 });
  return { trees, folder, root: join(folder, 'root') };
}

/** Lists everything beside the tree, with the ctime, which cannot be forged. */
function canary({ folder }: Jail): string[] {
  return ['victim', 'victim/secret', 'root-evil', 'root-evil/secret'].map((name) => {
    const { ino, mode, uid, gid, nlink, size, mtimeNs, ctimeNs } = lstatSync(join(folder, name), { bigint: true });
    return [name, ino, mode, uid, gid, nlink, size, mtimeNs, ctimeNs, readdirSync(folder)].join(' ');
  });
}

const openFds = (): string[] => readdirSync('/proc/self/fd');

async function judge(hostile: Case, work: Promise<AppliedLayer>, show: () => string): Promise<void> {
  const { title, refused, has = [], hasNot = [], also } = hostile;
  if (refused !== undefined) {
    await assert.rejects(work, (error) => {
      assert.ok(isStrataError(error) && [refused].flat().includes(error.code), `${title}: ${String(error)}`);
      return true;
    });
    return;
  }
  const applied = await work;
  const root = show();
  const listing = treeListing(root);
  const shown = listing.join('\n');
  for (const line of has)
    assert.ok(
      listing.some((found) => line.test(found)),
      `no ${line} in\n${shown}`,
    );
  for (const line of hasNot) assert.ok(!listing.some((found) => line.test(found)), `${line} in\n${shown}`);
  also?.(applied, root);
}

for (const hostile of all) {
  test(hostile.title, { skip: needs('root', 'overlay') }, async (context) => {
    // Files that are opened on first use are open from here on.
    await new LayerTrees(context).chain([tar(file('warm', ''))]);
    for (const way of ['overlay', 'onto'] as const) {
      const jail = makeJail(context);
      const { trees, root } = jail;
      const below = hostile.below === undefined ? [] : [hostile.below];
      const lower = way === 'overlay' ? (await trees.chain(below)).dirs : [];
      if (way === 'onto' && below[0])
        await applyOnto({
          source: trees.blob(below[0]),
          rootDir: root,
          indexPath: join(trees.folder, 'lower.idx'),
          isBase: true,
        });
      const before = { canary: canary(jail), fds: openFds() };
      const source = { ...trees.blob(hostile.layer), ...hostile.source };
      const indexPath = join(trees.folder, 'index.idx');
      if (way === 'overlay') {
        const work = applyChain({ layers: [{ source, ownDir: root, indexPath }], lowerDirs: lower }).then(
          ([layer]) => layer!,
        );
        await judge(hostile, work, () => trees.mount([...lower, root]));
      } else {
        const work = applyOnto({ source, rootDir: root, indexPath, isBase: below.length === 0 });
        await judge(hostile, work, () => root);
      }
      assert.deepEqual(canary(jail), before.canary, `${way}: files beside the tree`);
      assert.deepEqual(openFds(), before.fds, `${way}: open files`);
      assert.deepEqual(trees.leftovers(/\.tmp$|\.tar$/), [], `${way}: temporary files`);
      if (hostile.refused !== undefined)
        assert.deepEqual(trees.leftovers(/^index\.idx$/), [], `${way}: no index of a refused layer`);
    }
  });
}

test('A26 a bomb of a gibibyte in a mebibyte ends where the disk is full, in little memory', {
  skip: needs('root', 'overlay'),
}, async (context) => {
  const trees = new LayerTrees(context);
  const small = trees.directory('small');
  output('mount', '-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', small);
  try {
    const body = 2 ** 30;
    const bomb = gzipSync(concatBytes([header('bomb', { size: body }), new Uint8Array(body)]));
    mkdirSync(join(small, 'own'));
    const before = process.memoryUsage().rss;
    await assert.rejects(
      applyChain({
        layers: [{ source: trees.blob(bomb), ownDir: join(small, 'own'), indexPath: join(trees.folder, 'i.idx') }],
        lowerDirs: [],
      }),
      (error) => isStrataError(error, 'ERR_LAYER_NO_SPACE'),
    );
    assert.ok(process.memoryUsage().rss - before < 200 * 2 ** 20);
  } finally {
    output('umount', small);
  }
});
