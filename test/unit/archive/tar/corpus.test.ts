import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { isStrataError } from '../../../../src/errors/index.ts';
import { fixture, needs } from '../../../helpers/needs.ts';
import { content, joinParsed, type ParsedEntry, parseTar } from '../../../helpers/tar-events.ts';

interface Facts {
  readonly error?: string;
  readonly entries: readonly {
    readonly path: string;
    readonly typeflag: number;
    readonly link?: string;
    readonly mode: number;
    readonly uid: number;
    readonly gid: number;
    readonly uname?: string;
    readonly gname?: string;
    readonly size: number;
    readonly mtime: readonly [number, number];
    readonly dev?: readonly [number, number];
    readonly xattrs?: Readonly<Record<string, string>>;
    readonly sha256?: string;
    readonly blocks?: string;
  }[];
}

const golden = JSON.parse(readFileSync(join(import.meta.dirname, '../../../golden/tar/corpus.json'), 'utf8')) as {
  readonly files: Readonly<Record<string, Facts>>;
};

// Every file of the corpus is read as Go reads it, except directories of GNU tar; src/archive/README.md lists the
// differences.
const expectedFiles = 62;

const text = (bytes: Uint8Array): string =>
  bytes.length > 512 ? `sha256:${sha256(bytes)}:${bytes.length}` : Buffer.from(bytes).toString('latin1');

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Returns a digest over offset and content of every block that is not all zeros, for files of gigabytes. */
function blocksDigest(parsed: ParsedEntry): string {
  const hash = createHash('sha256');
  const blocks = new Map<number, Uint8Array>();
  let at = 0;
  for (const run of parsed.entry.sparse ?? []) {
    for (let i = 0; i < run.length; i++, at++) {
      const start = Math.floor((run.offset + i) / 512) * 512;
      const block = blocks.get(start) ?? new Uint8Array(Math.min(512, parsed.entry.sizeBytes - start));
      blocks.set(start, block);
      block[run.offset + i - start] = parsed.body[at]!;
    }
  }
  for (const [start, block] of [...blocks].sort(([a], [b]) => a - b)) {
    if (block.every((byte) => byte === 0)) continue;
    const offset = Buffer.alloc(8);
    offset.writeBigUInt64BE(BigInt(start));
    hash.update(offset).update(block);
  }
  return hash.digest('hex');
}

/** Returns an entry as Go reads it: a directory with a list of its names is a file there. */
const asGo = (parsed: ParsedEntry): ParsedEntry =>
  parsed.entry.typeflag === 0x44
    ? { ...parsed, entry: { ...parsed.entry, type: 'file', sizeBytes: parsed.entry.storedSizeBytes } }
    : parsed;

function facts(own: ParsedEntry): Facts['entries'][number] {
  const parsed = asGo(own);
  const { entry } = parsed;
  const hasBody = entry.type === 'file';
  return {
    path: text(entry.path),
    // Go replaces the v7 flag by the flag of its meaning.
    typeflag: entry.typeflag === 0 ? (entry.type === 'directory' ? 0x35 : 0x30) : entry.typeflag,
    ...(entry.linkPath.length > 0 ? { link: text(entry.linkPath) } : {}),
    mode: entry.mode,
    uid: entry.uid,
    gid: entry.gid,
    ...(entry.userName.length > 0 ? { uname: text(entry.userName) } : {}),
    ...(entry.groupName.length > 0 ? { gname: text(entry.groupName) } : {}),
    size: entry.sizeBytes,
    mtime: [entry.mtime.seconds, entry.mtime.nanoseconds],
    ...(entry.deviceMajor !== 0 || entry.deviceMinor !== 0 ? { dev: [entry.deviceMajor, entry.deviceMinor] } : {}),
    ...(entry.xattrs.size > 0
      ? {
          xattrs: Object.fromEntries(
            [...entry.xattrs].map(([key, value]) => [key, Buffer.from(value).toString('hex')]),
          ),
        }
      : {}),
    ...(!hasBody
      ? {}
      : entry.sizeBytes <= 64 << 20
        ? { sha256: sha256(content(parsed)) }
        : { blocks: blocksDigest(parsed) }),
  };
}

suite('tar corpus reads or fails as archive/tar of Go', { skip: needs('fixtures') }, () => {
  const root = fixture('tar-corpus');
  const files = globSync('**/*.{tar,tar.bz2}', { cwd: root }).sort();

  test('every file has an expectation', () => {
    assert.deepEqual(files, Object.keys(golden.files).sort());
    assert.equal(files.length, expectedFiles);
  });

  for (const name of files) {
    const unpacker = name.endsWith('.bz2') ? 'bzip2' : undefined;
    test(name, { skip: unpacker !== undefined && needs(unpacker) }, () => {
      const path = join(root, name);
      const archive =
        unpacker === undefined ? readFileSync(path) : execFileSync(unpacker, ['-dc', path], { maxBuffer: 1 << 28 });
      const expected = golden.files[name]!;
      for (const sizes of [[archive.length], [1 << 12], [511, 1, 700, 3]]) {
        const parsed = parseTar(archive, sizes);
        assert.deepEqual(parsed.entries.map(facts), expected.entries);
        if (expected.error === undefined) {
          assert.equal(parsed.error, undefined);
          assert.deepEqual(joinParsed(parsed), new Uint8Array(archive));
        } else {
          assert.ok(
            isStrataError(parsed.error) && parsed.error.kind === 'corrupt',
            `${expected.error}: ${String(parsed.error)}`,
          );
        }
      }
    });
  }
});
