// Runs inside a user namespace for rootless.test.ts: applies a chain there and prints the files of its mount.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { applyChain, diffLayer, verifyLayer } from '../../../src/layer/index.ts';
import { characterDevice, dir, file, hardlink, opaque, symlink, tar, whiteout } from '../../helpers/tar-builder.ts';
import { treeListing } from '../../helpers/tree-listing.ts';

const folder = mkdtempSync(join(tmpdir(), 'strata-rootless-'));
try {
  const owner = Number(process.argv[2]);
  const blobs = [
    tar(
      dir('d', { mode: 0o2750, uid: owner, gid: owner, mtime: 1 }),
      file('d/suid', 'x', { mode: 0o4755, uid: owner, mtime: 2 }),
      file('d/gone', '', { mtime: 3 }),
      dir('o', { mtime: 4 }),
      file('o/hidden', '', { mtime: 5 }),
      symlink('l', 'd', { mtime: 6 }),
      characterDevice('null', 1, 3),
    ),
    tar(
      whiteout('d/gone'),
      file('d/new', 'new', { mtime: 7, xattrs: { 'trusted.x': '1', 'user.x': '2' } }),
      dir('o', { mtime: 8 }),
      opaque('o'),
      file('l/through', '', { mtime: 9 }),
      hardlink('h', 'd/suid'),
    ),
  ];
  const layers = blobs.map((bytes, at) => {
    const blobPath = join(folder, `${at}.tar`);
    const ownDir = join(folder, `own-${at}`);
    writeFileSync(blobPath, bytes);
    mkdirSync(ownDir);
    return { source: { blobPath, sizeBytes: bytes.length }, ownDir, indexPath: join(folder, `${at}.idx`) };
  });
  const applied = await applyChain({ layers, lowerDirs: [], rootless: true });
  const mount = join(folder, 'mnt');
  mkdirSync(mount);
  const lowers = layers.map(({ ownDir }) => ownDir).reverse();
  execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', `userxattr,lowerdir=${lowers.join(':')}`, mount]);
  const listing = treeListing(mount);
  execFileSync('umount', [mount]);
  const verified = await Promise.all(layers.map(({ indexPath, ownDir }) => verifyLayer(indexPath, ownDir)));
  const [upperDir, ...lowerDirs] = lowers as [string, ...string[]];
  const made = await diffLayer({
    tree: { kind: 'overlay', upperDir, lowerDirs, rootless: true },
    indexFolder: folder,
    indexPath: () => join(folder, 'made.idx'),
  });
  process.stdout.write(
    JSON.stringify({ listing, verified, warnings: applied.map(({ warnings }) => warnings), entries: made.entries }),
  );
} catch (error) {
  process.stdout.write(
    JSON.stringify({ error: error instanceof Error && 'code' in error ? error.code : String(error) }),
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
