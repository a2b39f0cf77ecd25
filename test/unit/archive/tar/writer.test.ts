import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { suite, test } from 'node:test';
import {
  encodeTarHeader,
  type TarHeaderFields,
  tarEnd,
  tarPadding,
  tarStoredBytes,
} from '../../../../src/archive/tar/writer.ts';
import { concatBytes, utf8 } from '../../../../src/lib/bytes.ts';
import { binary, zeros } from '../../../helpers/tar-builder.ts';
import { parseTar } from '../../../helpers/tar-events.ts';

const plain: TarHeaderFields = {
  path: utf8('etc/passwd'),
  type: 'file',
  mode: 0o644,
  uid: 0,
  gid: 0,
  mtime: { seconds: 1_700_000_000, nanoseconds: 0 },
  sizeBytes: 1234,
};
const xs = (count: number): Uint8Array => utf8('x'.repeat(count));

// These digests must never change: layers are remade from their fields, and a changed byte makes another layer.
const vectors: readonly (readonly [name: string, fields: TarHeaderFields, bytes: number, sha256: string])[] = [
  ['file', plain, 512, '30cb9df7cabbe80831d332611438966ad10cbaed5f5dc9c55827b54073483806'],
  [
    'folder',
    { ...plain, path: utf8('etc/'), type: 'directory', mode: 0o755, sizeBytes: 0 },
    512,
    'e98b1551a94b9d620947525612de08e186f5c45663ac19dc85bc3a57b92189b3',
  ],
  [
    'symlink',
    { ...plain, path: utf8('bin'), type: 'symlink', mode: 0o777, sizeBytes: 0, linkPath: utf8('usr/bin') },
    512,
    '549b71fb1fcc79dd7fd6a91cade76aec5b0af79d6253a1fd64d2f49bc6cba779',
  ],
  [
    'hardlink',
    { ...plain, type: 'hardlink', sizeBytes: 0, linkPath: utf8('etc/shadow') },
    512,
    '2435df6cfef8df47bacacb5f08ebad255ab475c3db730c0a2091f9c987acb21c',
  ],
  [
    'device',
    { ...plain, path: utf8('dev/sda1'), type: 'block-device', sizeBytes: 0, deviceMajor: 8, deviceMinor: 1048575 },
    512,
    '98c5539aae2cc6446b972c12ee72c271c000082804f8224d901f2d7c5d77a10d',
  ],
  [
    'character device',
    { ...plain, path: utf8('dev/null'), type: 'character-device', sizeBytes: 0, deviceMajor: 1, deviceMinor: 3 },
    512,
    '36f525f912132efbd219e537f4df04f43c7444a70116c704dd9eaa2dd91f42b9',
  ],
  [
    'fifo',
    { ...plain, type: 'fifo', sizeBytes: 0 },
    512,
    '03d8ff2cd603f6521bbd72d2bb1a675e5c639fb862036898e245c68fc2eb8776',
  ],
  [
    'setuid with names',
    { ...plain, mode: 0o4755, userName: utf8('root'), groupName: utf8('wheel') },
    512,
    '007a10fa4d8f217e08a06de6f53797c376a26851a283bd31961fd5e1643d90d6',
  ],
  [
    'name of 100 bytes',
    { ...plain, path: xs(100) },
    512,
    '05f079050a8ed6165892a12172b2189f45715ce23b715dc6a90f295b4df85770',
  ],
  [
    'name of 101 bytes',
    { ...plain, path: xs(101) },
    1536,
    '19670c3db564eccc77ff8d54fb1ee60d53b63515118d87b573cc2b858b20d32d',
  ],
  [
    'name split at a slash',
    { ...plain, path: utf8(`${'d/'.repeat(70)}${'f'.repeat(100)}`) },
    512,
    'e92509d29ee1af2d0b35221f0be0400ced5db2d06bfe10a33bffe77454b468db',
  ],
  [
    'longest name that splits',
    { ...plain, path: concatBytes([xs(155), utf8('/'), xs(100)]) },
    512,
    'a521108722a29324435515dd7027322d1cc3c14f2e794b05df502c651618bdab',
  ],
  [
    'no slash where one is needed',
    { ...plain, path: concatBytes([xs(156), utf8('/'), xs(100)]) },
    1536,
    'd35b610a0eccb5a14e724846c0922e1d7f669df8c946621c2f203bdec864ef5e',
  ],
  [
    'long folder',
    { ...plain, type: 'directory', sizeBytes: 0, path: concatBytes([xs(150), utf8('/')]) },
    1536,
    'defae9afe728c751b66f35b782723471681ffd1243a6ee1b9d564811c77b7005',
  ],
  [
    'name cut at a slash',
    { ...plain, path: concatBytes([xs(98), utf8('//'), xs(200)]) },
    1536,
    '6c9f5d550df570f2d4b1674c53a8d716b1d29c14c452a1a3b91eae9a11e976a4',
  ],
  [
    'name that is no UTF-8',
    { ...plain, path: binary('caf\xe9') },
    512,
    '04c41380500628ef46b67008967c3f0c9445bef3f1dbd94641ee793cdfe1c974',
  ],
  [
    'long name that is no UTF-8',
    { ...plain, path: binary(`${'x'.repeat(120)}\xe9`) },
    1536,
    '93001212c2a2a5f368eb0cab3d615d47ac86088ecaf0975b1dac4394156e4c40',
  ],
  [
    'long link target',
    { ...plain, type: 'symlink', sizeBytes: 0, linkPath: xs(101) },
    1536,
    '8e5b81eb86dacd21293d8c52c8d8b2e8064f3e29c1aa2885f5874d6e3d565472',
  ],
  [
    'long user name',
    { ...plain, userName: xs(33), groupName: xs(32) },
    1536,
    'cd981882fe3488aeb6b055d99e8f12d5706e37dd15e530beab5913f5d4b9ecc7',
  ],
  [
    'large owner',
    { ...plain, uid: 2_097_152, gid: 2_097_151 },
    1536,
    'c25eaa8b34e72eb35559bcd77e6674e98227d43d7ca364da1202c1b6a6ab6352',
  ],
  [
    '8 GiB less one',
    { ...plain, sizeBytes: 2 ** 33 - 1 },
    512,
    'f8019a4e96e67020e984d037dcbdbca07d29d77ceedd2f2bca6282ec68c9744e',
  ],
  ['8 GiB', { ...plain, sizeBytes: 2 ** 33 }, 1536, '71c3c7135901e155d4fc02850bf5a2d32bf595073808c87fe2583cc513652b7a'],
  [
    'nanoseconds',
    { ...plain, mtime: { seconds: 1, nanoseconds: 120_000_000 } },
    1536,
    'd7dd8ce172861ed2d5d2b44b820263935a1f52351ce336b7b447de2a2838c45d',
  ],
  [
    'time before 1970',
    { ...plain, mtime: { seconds: -2, nanoseconds: 250_000_000 } },
    1536,
    '57e9c26dbef3db2f6cbcdc96ca7505a8edc145ea96af402c7a60f309f8a32290',
  ],
  [
    'time after 2242',
    { ...plain, mtime: { seconds: 2 ** 33, nanoseconds: 0 } },
    1536,
    '7c531e2755fed2712899df6d1cb2d356f66545900d74c925585d578e129c1061',
  ],
  [
    'xattrs in any order',
    {
      ...plain,
      xattrs: new Map([
        ['user.b', utf8('2')],
        ['security.capability', binary('\x01\0\0\x02\xff\n')],
        ['user.a=', utf8('')],
      ]),
    },
    1536,
    '3cb6fd9de9262f2ee738cb8fb90c9d4e18411c507f4862c159486c13f135a09c',
  ],
  [
    'sparse',
    {
      ...plain,
      sizeBytes: 1_000_000,
      sparse: [
        { offset: 4096, length: 8192 },
        { offset: 900_000, length: 100_000 },
      ],
    },
    2048,
    'ed2ee37ab483e3992780ba69b377b68e1dbf33de36cc27edeaec77a5375c40e1',
  ],
  [
    'sparse with a hole at its end',
    { ...plain, sizeBytes: 1_000_000, sparse: [{ offset: 0, length: 7 }] },
    2048,
    'f6007ba822bc627ee9b2e0772e8d94efe37a4a531194842d3a9ebda79f590660',
  ],
  [
    'nothing but a hole',
    { ...plain, sizeBytes: 2 ** 40, sparse: [] },
    2048,
    'b54b238afa356020d420cdf536bf42ffaac404b8f9d4ef9277626ca491b85c01',
  ],
  [
    'sparse map over two blocks',
    { ...plain, sizeBytes: 200_000, sparse: Array.from({ length: 60 }, (_, i) => ({ offset: i * 2048, length: 512 })) },
    2560,
    '3b540a729ceabac47e3a4caa1b31085737dc278c2e63f49a6d8c2ea26be30e78',
  ],
];

const refused: readonly (readonly [name: string, fields: Partial<TarHeaderFields>, field: string])[] = [
  ['empty path', { path: utf8('') }, 'path'],
  ['NUL in a path', { path: utf8('a\0b') }, 'path'],
  ['NUL in a sparse path', { path: utf8('a\0b'), sparse: [] }, 'path'],
  ['NUL in a link target', { type: 'symlink', sizeBytes: 0, linkPath: utf8('\0') }, 'linkpath'],
  ['NUL in a user name', { userName: utf8('a\0') }, 'uname'],
  ['NUL in an xattr name', { xattrs: new Map([['user.\0', utf8('')]]) }, 'xattr name'],
  ['xattr name that is not one byte a character', { xattrs: new Map([['user.\u20ac', utf8('')]]) }, 'xattr name'],
  ['empty xattr name', { xattrs: new Map([['', utf8('')]]) }, 'xattr name'],
  ['xattrs of more than 1 MiB', { xattrs: new Map([['user.a', zeros(2 ** 20)]]) }, 'extended header'],
  ['negative owner', { uid: -1 }, 'uid'],
  ['broken size', { sizeBytes: 1.5 }, 'size'],
  ['size of a folder', { type: 'directory', sizeBytes: 1 }, 'size'],
  ['time that is none', { mtime: { seconds: Number.NaN, nanoseconds: 0 } }, 'mtime'],
  ['a second of nanoseconds', { mtime: { seconds: 0, nanoseconds: 1_000_000_000 } }, 'mtime'],
  ['device number of 22 bits', { type: 'block-device', sizeBytes: 0, deviceMinor: 2 ** 21 }, 'device minor'],
  ['sparse folder', { type: 'directory', sizeBytes: 0, sparse: [] }, 'sparse map'],
  [
    'overlapping runs',
    {
      sparse: [
        { offset: 0, length: 512 },
        { offset: 511, length: 1 },
      ],
    },
    'sparse map',
  ],
  ['empty run', { sparse: [{ offset: 0, length: 0 }] }, 'sparse map'],
  ['run beyond the file', { sparse: [{ offset: 1000, length: 235 }] }, 'sparse map'],
  [
    'uneven run in the middle',
    {
      sparse: [
        { offset: 0, length: 511 },
        { offset: 600, length: 1 },
      ],
    },
    'sparse map',
  ],
];

suite('encodeTarHeader', () => {
  for (const [name, fields, bytes, sha256] of vectors) {
    test(name, () => {
      const header = encodeTarHeader(fields);
      assert.equal(header.length, bytes);
      assert.equal(createHash('sha256').update(header).digest('hex'), sha256);
      const { entries, error } = parseTar(concatBytes([header, zeros(Math.min(tarStoredBytes(fields), 1 << 20))]));
      if (tarStoredBytes(fields) > 1 << 20) return;
      assert.equal(error, undefined);
      const [found] = entries;
      assert.deepEqual(
        Object.fromEntries(Object.keys(fields).map((key) => [key, found?.entry[key as keyof TarHeaderFields]])),
        { ...fields },
      );
    });
  }

  for (const [name, fields, field] of refused) {
    test(`refuses: ${name}`, () => {
      assert.throws(() => encodeTarHeader({ ...plain, ...fields }), {
        kind: 'invalid-argument',
        code: 'ERR_TAR_UNENCODABLE',
        details: { field },
      });
    });
  }

  test('padding and end are zeros', () => {
    assert.deepEqual(
      [0, 1, 511, 512, 513, 2 ** 40 + 5].map((size) => tarPadding(size).length),
      [0, 511, 1, 0, 511, 507],
    );
    assert.deepEqual(tarPadding(1), zeros(511));
    assert.deepEqual(tarEnd, zeros(1024));
  });
});
