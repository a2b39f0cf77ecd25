import type { TarTime } from '../../archive/index.ts';
import type { FileStat } from '../../sys/stat.ts';
import type { NodeMetadata } from './node-metadata.ts';

/** A directory of the tree that a layer is being unpacked into. */
export interface DirectoryState {
  /** Undefined for the root. */
  readonly parent: DirectoryState | undefined;
  /** What the archive's own entry says; undefined while only things inside it were named. */
  metadata: NodeMetadata | undefined;
  /** The time of the first entry inside: that of a directory nobody names, so that unpacking is repeatable. */
  impliedTime: TarTime;
  /** Nothing of the layers below shows through. */
  opaque: boolean;
  /** Made without knowing what is below: right only where that is a directory or nothing. */
  readonly assumed: boolean;
  /** Made for deletions only: it goes again where there is nothing below to delete from. */
  hollow: boolean;
  /** It was named when it stood already, so it has the owner, mode and attributes of before. */
  remade: boolean;
  /** In a complete tree: it was there before. Its times are put back unless the archive names it. */
  readonly before: DirectoryBefore | undefined;
}

export interface DirectoryBefore {
  readonly stat: FileStat;
  /** Set once something in it is made or removed. */
  changed: boolean;
  /** A default ACL would be handed on to new files: it is taken off meanwhile. */
  defaultAcl: Uint8Array | undefined;
}

/** What can only be finished with the layers below at hand. */
export interface TreeNotes {
  /** Directories made without an entry of their own, or before it, parents first. */
  readonly implied: readonly ImpliedDirectory[];
  /** Places where a whiteout stands. */
  readonly whiteouts: readonly string[];
  readonly rootNamed: boolean;
  /** The layer hides everything below it: overlayfs takes no opaque root, so each name is hidden by itself. */
  readonly rootOpaque: boolean;
}

export interface ImpliedDirectory {
  readonly key: string;
  /** It takes owner, mode, times and attributes from below, if there is a directory. */
  readonly inherits: boolean;
  readonly hollow: boolean;
}
