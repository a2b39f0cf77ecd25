import type { Metadata } from '../metadata/metadata.ts';
import type { Digest } from '../spec/digest.ts';

/** A snapshot and all it stands on, the topmost first. */
export function lineOf(parents: ReadonlyMap<string, string | undefined>, top: string): string[] {
  const line: string[] = [];
  for (let id: string | undefined = top; id !== undefined && line.length <= parents.size; id = parents.get(id)) {
    line.push(id);
  }
  return line;
}

/** Snapshots by what keeps them. */
export interface Holdings {
  readonly parents: ReadonlyMap<string, string | undefined>;
  /** All snapshots below each image. */
  readonly ofImages: ReadonlyMap<Digest, ReadonlySet<string>>;
  /** The union of these. */
  readonly anyImage: ReadonlySet<string>;
}

/** Who keeps what, at one moment. */
export function holdingsOf({ db, snapshots, images, objects }: Metadata): Holdings {
  return db.read(() => {
    const parents = new Map(snapshots.list().map(({ id, parentId }) => [id, parentId]));
    const ofImages = new Map(
      images.list().map(({ id }) => {
        const tops = objects.linksOf({ kind: 'image', key: id }).filter(({ kind }) => kind === 'snapshot');
        return [id, new Set(tops.flatMap(({ key }) => lineOf(parents, key)))] as const;
      }),
    );
    return { parents, ofImages, anyImage: new Set([...ofImages.values()].flatMap((set) => [...set])) };
  });
}
