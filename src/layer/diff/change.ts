import type { FileStat } from '../../sys/stat.ts';
import type { OpenDirectories } from '../open-directories.ts';
import type { Xattrs } from '../xattrs.ts';

/** Source of the changes of a layer; directories are absolute. */
export type ChangedTree =
  /** The own directory of an overlay layer, and the layers below, nearest first. */
  | {
      readonly kind: 'overlay';
      readonly upperDir: string;
      /** The own directory that `upperDir` amends: both are one layer, and a whiteout of `upperDir` hides names of this one. */
      readonly amendedDir?: string | undefined;
      /** The index of the layer that `amendedDir` alone makes: with it, unchanged entries are not inspected. */
      readonly amendedIndex?: string | undefined;
      readonly lowerDirs: readonly string[];
      readonly rootless?: boolean | undefined;
    }
  /** Two complete trees; without a lower one everything counts as new. */
  | { readonly kind: 'trees'; readonly upperDir: string; readonly lowerDir: string | undefined };

/** One change of a layer; changes come in the order of its archive. */
export type DiffChange =
  | EntryChange
  | { readonly kind: 'whiteout'; readonly path: Uint8Array }
  /** Follows directly after the directory's own entry. */
  | { readonly kind: 'opaque'; readonly path: Uint8Array };

export interface EntryChange {
  readonly kind: 'entry';
  readonly path: Uint8Array;
  /** Tree to read it from, and the key of its directory. */
  readonly tree: OpenDirectories;
  readonly directory: string;
  readonly stat: FileStat;
  /** Set for a regular file that is open already, until the next change is requested. */
  readonly file?: EntryFile;
}

export interface EntryFile {
  readonly fd: number;
  readonly xattrs: Xattrs;
  /** The whole content, if it has been read; the file has no holes then. */
  readonly content?: Uint8Array | undefined;
}

/** Receives one sentence for each node that a layer cannot hold. */
export type Warn = (warning: string) => void;
