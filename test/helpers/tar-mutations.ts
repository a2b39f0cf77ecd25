import { hasValidChecksum } from '../../src/archive/tar/block.ts';
import { concatBytes } from '../../src/lib/bytes.ts';
import { fc } from './properties.ts';
import {
  base256,
  characterDevice,
  dir,
  entry,
  file,
  globalPax,
  gnuLongLink,
  gnuLongName,
  hardlink,
  header,
  openTar,
  padToBlock,
  pax,
  symlink,
  tar,
} from './tar-builder.ts';

const block = 512;
const text = fc.string({ maxLength: 120, unit: 'grapheme' });
const records = fc.array(
  fc.tuple(
    fc.constantFrom(
      'path',
      'linkpath',
      'size',
      'uid',
      'gid',
      'mtime',
      'atime',
      'uname',
      'SCHILY.xattr.user.a',
      'comment',
      ...['major', 'minor', 'name', 'size', 'realsize', 'numblocks', 'map', 'offset', 'numbytes'].map(
        (key) => `GNU.sparse.${key}`,
      ),
    ),
    fc.oneof(
      { weight: 3, arbitrary: fc.integer({ min: 0, max: 3 }).map(String) },
      fc.constantFrom('', '-1', '1.5', '0,1,5,2', '9007199254740993', '99999999999', 'a\0b', 'x'),
      fc.uint8Array({ maxLength: 40 }),
    ),
  ),
  { maxLength: 8 },
);

const body = fc.uint8Array({ maxLength: 1200 });
const number = fc.oneof(
  fc.integer({ min: 0, max: 2000 }),
  fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }).map((n) => base256(n, 12)),
);

const oldSparse = fc
  .record({
    runs: fc.array(fc.tuple(fc.nat(50), fc.nat(20)), { maxLength: 4 }),
    real: fc.nat(4000),
    extended: fc.boolean(),
    body,
  })
  .map(({ runs, real, extended, body: stored }) => {
    let end = 0;
    const at: Record<number, Uint8Array> = { 482: Uint8Array.of(extended ? 1 : 0), 483: base256(real, 12) };
    runs.forEach(([gap, length], i) => {
      at[386 + i * 24] = base256(end + gap, 12);
      at[398 + i * 24] = base256(length, 12);
      end += gap + length;
    });
    const total = runs.reduce((sum, [, length]) => sum + length, 0);
    const data = concatBytes([stored, new Uint8Array(total)]).subarray(0, total);
    return concatBytes([
      header('s', { magic: 'gnu', typeflag: 'S', size: total, at }),
      ...(extended ? [new Uint8Array(block)] : []),
      padToBlock(data),
    ]);
  });

const part: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.tuple(text, body).map(([path, content]) => file(path, content)),
  text.map((path) => dir(`${path}/`)),
  fc.tuple(text, text).map(([path, target]) => symlink(path, target)),
  fc
    .tuple(text, fc.nat(1200), fc.boolean())
    .map(([path, size, filled]) =>
      concatBytes([
        hardlink(path, 'a', { size }),
        filled ? padToBlock(new Uint8Array(size).fill(0x61)) : new Uint8Array(0),
      ]),
    ),
  fc.tuple(number, number).map(([major, minor]) =>
    characterDevice('c', 1, 3, {
      at: {
        329: major instanceof Uint8Array ? major.subarray(0, 8) : '0000001',
        337: minor instanceof Uint8Array ? minor.subarray(4) : '0000002',
      },
    }),
  ),
  fc
    .tuple(
      fc.constantFrom('ustar', 'gnu', 'star', 'v7'),
      fc.constantFrom(0, ...Buffer.from('01234567xgLKSDMVQ')),
      number,
      number,
      body,
    )
    .map(([magic, typeflag, size, mtime, content]) =>
      concatBytes([
        header('h', {
          magic: magic as 'ustar',
          typeflag,
          size: size instanceof Uint8Array ? content.length : size,
          mtime,
        }),
        padToBlock(content),
      ]),
    ),
  records.map((pairs) => pax(pairs)),
  records.map((pairs) => globalPax(pairs)),
  fc.tuple(text, text).map(([path, target]) => concatBytes([gnuLongName(path), gnuLongLink(target)])),
  fc.tuple(records, body).map(([pairs, content]) => entry('p', content, { pax: pairs })),
  fc.array(fc.tuple(fc.nat(30), fc.nat(30)), { maxLength: 40 }).map((runs) => {
    let end = 0;
    const lines = runs.map(([gap, length]) => {
      const line = `${end + gap}\n${length}\n`;
      end += gap + length;
      return line;
    });
    const total = runs.reduce((sum, [, length]) => sum + length, 0);
    return entry(
      's',
      concatBytes([padToBlock(Buffer.from(`${runs.length}\n${lines.join('')}`)), new Uint8Array(total)]),
      {
        pax: { 'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.realsize': String(end + 7) },
      },
    );
  }),
  oldSparse,
);

/** Archives of odd but well-formed parts, with or without an end. */
export const oddArchive: fc.Arbitrary<Uint8Array> = fc
  .tuple(fc.array(part, { maxLength: 6 }), fc.boolean())
  .map(([parts, ended]) => (ended ? tar(...parts) : openTar(...parts)));

interface Mutation {
  readonly kind: 'bytes' | 'cut' | 'repeat' | 'drop' | 'insert';
  readonly where: number;
  readonly at: number;
  readonly bytes: Uint8Array;
}

const mutation: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom('bytes', 'bytes', 'bytes', 'bytes', 'cut', 'repeat', 'drop', 'insert'),
  where: fc.nat(),
  // The start of a header's field, or any byte.
  at: fc.oneof(
    fc.constantFrom(0, 100, 108, 116, 124, 136, 156, 157, 257, 263, 329, 337, 345, 357, 386, 482, 483, 504, 508),
    fc.nat(511),
  ),
  bytes: fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 12 }),
    fc.constantFrom(
      Buffer.from('0000000'),
      Buffer.from('-1\n'),
      Buffer.from([0x80, 0, 0, 0, 0, 0, 0, 1]),
      Buffer.from([0xff]),
    ),
  ),
});

/** Damaged archives. A damaged header gets a correct checksum, else the parser would stop there. */
export const damagedArchive: fc.Arbitrary<Uint8Array> = fc
  .tuple(oddArchive, fc.array(mutation, { minLength: 1, maxLength: 5 }))
  .map(([archive, mutations]) => mutations.reduce(mutate, archive));

function mutate(archive: Uint8Array, { kind, where, at, bytes }: Mutation): Uint8Array {
  if (archive.length < block) return archive;
  const start = (where % Math.floor(archive.length / block)) * block;
  switch (kind) {
    case 'bytes': {
      const out = archive.slice();
      const target = out.subarray(start, start + block);
      const wasHeader = hasValidChecksum(target);
      target.set(bytes.subarray(0, block - at), at);
      if (wasHeader) restoreChecksum(target);
      return out;
    }
    case 'cut':
      return archive.slice(0, start + at);
    case 'repeat':
      return concatBytes([archive.subarray(0, start + block), archive.subarray(start)]);
    case 'drop':
      return concatBytes([archive.subarray(0, start), archive.subarray(start + block)]);
    case 'insert':
      return concatBytes([archive.subarray(0, start), new Uint8Array(block), archive.subarray(start)]);
  }
}

function restoreChecksum(target: Uint8Array): void {
  target.fill(0x20, 148, 156);
  const sum = target.reduce((total, byte) => total + byte, 0);
  target.set(Buffer.from(`${sum.toString(8).padStart(6, '0')}\0 `, 'latin1'), 148);
}
