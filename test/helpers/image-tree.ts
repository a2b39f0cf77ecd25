import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Engine } from '../../src/engine/index.ts';
import { chainIds } from '../../src/layer/chain-id.ts';
import { mountHidden } from '../../src/snapshots/index.ts';
import { openSnapshotter } from '../../src/snapshots/open-snapshotter.ts';
import { recordsOf } from './store-places.ts';

/** Mounts an image's files as its containers would see them, and passes the path to `look`. */
export async function withImageTree<T>(
  engine: Engine,
  image: string,
  look: (folder: string) => T | Promise<T>,
  driver: 'overlay2' | 'vfs' = 'overlay2',
): Promise<T> {
  const { config } = await engine.images.inspect(image);
  const chainId = chainIds(config.rootfs.diff_ids).at(-1);
  if (chainId === undefined) throw new Error(`${image} has no layers`);
  using metadata = recordsOf(engine);
  await using snapshotter = await openSnapshotter({ driver, root: engine.layout.root, ledger: metadata.snapshots });
  await using lease = await metadata.leases.open('test');
  const snapshot = await metadata.snapshots.findByChainId(driver, chainId, lease);
  if (snapshot === undefined) throw new Error(`${image} is not unpacked`);
  await using tree = await mountHidden(await snapshotter.mounts(snapshot.id));
  return await look(tree.path);
}

const typeLetter = (path: string): string => {
  const stat = lstatSync(path);
  if (stat.isDirectory()) return 'd';
  if (stat.isSymbolicLink()) return 'l';
  return stat.isFIFO() ? 'p' : stat.isFile() ? '-' : '?';
};

/**
 * Lists a tree in lines that fit into a test: `-644 0:0 /path "content"`, `d755 0:0 /dir`, `l 0:0 /link -> target`. The
 * root itself is left out.
 */
export function shortListing(root: string, below = ''): string[] {
  const lines: string[] = [];
  for (const name of readdirSync(join(root, below)).sort()) {
    const path = `${below}/${name}`;
    const full = join(root, path);
    const stat = lstatSync(full);
    const letter = typeLetter(full);
    const owner = `${stat.uid}:${stat.gid}`;
    if (letter === 'l') lines.push(`l ${owner} ${path} -> ${readlinkSync(full)}`);
    else {
      const content = letter === '-' ? ` ${JSON.stringify(readFileSync(full, 'utf8').slice(0, 40))}` : '';
      lines.push(`${letter}${(stat.mode & 0o7777).toString(8)} ${owner} ${path}${content}`);
    }
    if (letter === 'd') lines.push(...shortListing(root, path));
  }
  return lines;
}
