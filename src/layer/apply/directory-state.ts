import type { TarTime } from '../../archive/index.ts';
import type { FileStat } from '../../sys/stat.ts';
import type { NodeMetadata } from './node-metadata.ts';

/** A directory of the tree that a layer is being unpacked into. */
export interface DirectoryState {
  /** Undefined for the root. */
  readonly parent: DirectoryState | undefined;
  /** Metadata of the archive's own entry; undefined while only entries inside the directory have come. */
  metadata: NodeMetadata | undefined;
  /** Time of the first entry inside, for a directory that no entry names: so unpacking is repeatable. */
  impliedTime: TarTime;
  /** True when the directory hides its content in the layers below. */
  opaque: boolean;
  /** True when it was made without knowing the layers below: right only if they have a directory there, or nothing. */
  readonly assumed: boolean;
  /** True while it holds deletions only: it is removed again when the layers below have no such directory. */
  deletionsOnly: boolean;
  /** True when it existed before its entry came: it still has its earlier owner, mode and attributes. */
  existed: boolean;
  /** Set for a directory that a complete tree had before. Its times are restored unless the archive names it. */
  readonly before: DirectoryBefore | undefined;
}

export interface DirectoryBefore {
  readonly stat: FileStat;
  /** Set once an entry in it is made or removed. */
  changed: boolean;
  /** The default ACL, removed meanwhile because new files would inherit it. */
  defaultAcl: Uint8Array | undefined;
}

/** Work that is left for settling, which knows the layers below. */
export interface TreeNotes {
  /** Directories made before their own entry, or without one; parents first. */
  readonly implied: readonly ImpliedDirectory[];
  /** Keys of the paths that have a whiteout. */
  readonly whiteouts: readonly string[];
  readonly rootNamed: boolean;
  /** True when the layer hides all layers below. Overlayfs knows no opaque root, so each name is hidden by itself. */
  readonly rootOpaque: boolean;
}

export interface ImpliedDirectory {
  readonly key: string;
  /** True when it takes owner, mode, times and attributes from a directory below, if there is one. */
  readonly inherits: boolean;
  readonly deletionsOnly: boolean;
}
