import type { Metadata } from '../metadata/metadata.ts';
import type { Digest } from '../spec/digest.ts';

/** Lists a snapshot and all its ancestors, the topmost first. */
export function withAncestors(parents: ReadonlyMap<string, string | undefined>, top: string): string[] {
  const line: string[] = [];
  for (let id: string | undefined = top; id !== undefined && line.length <= parents.size; id = parents.get(id)) {
    line.push(id);
  }
  return line;
}

/** The snapshots that images use. */
export interface SnapshotUsers {
  readonly parents: ReadonlyMap<string, string | undefined>;
  /** The topmost snapshots of each image, one for each storage driver. */
  readonly topsOfImages: ReadonlyMap<Digest, readonly string[]>;
  /** All snapshots of each image, ancestors included. */
  readonly ofImages: ReadonlyMap<Digest, ReadonlySet<string>>;
  /** The union of `ofImages`. */
  readonly ofAnyImage: ReadonlySet<string>;
}

/** Reads which images use which snapshots, in one state of the store. */
export function readSnapshotUsers({ db, snapshots, images, objects }: Metadata): SnapshotUsers {
  return db.read(() => {
    const parents = new Map(snapshots.list().map(({ id, parentId }) => [id, parentId]));
    const topsOfImages = new Map(
      images.list().map(({ id }) => {
        const links = objects.linksOf({ kind: 'image', key: id });
        return [id, links.filter(({ kind, key }) => kind === 'snapshot' && parents.has(key)).map(({ key }) => key)];
      }),
    );
    const allOf = (tops: readonly string[]): Set<string> => new Set(tops.flatMap((id) => withAncestors(parents, id)));
    const ofImages = new Map([...topsOfImages].map(([id, tops]) => [id, allOf(tops)]));
    return { parents, topsOfImages, ofImages, ofAnyImage: new Set([...ofImages.values()].flatMap((set) => [...set])) };
  });
}
