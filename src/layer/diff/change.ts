import type { FileStat } from '../../sys/stat.ts';
import type { OpenDirectories } from '../open-directories.ts';
import type { Xattrs } from '../xattrs.ts';

/** Where the changes of a layer are read from; directories are absolute. */
export type ChangedTree =
  /** The own directory of an overlay layer, and those below it, nearest first. */
  | {
      readonly kind: 'overlay';
      readonly upperDir: string;
      /** The own directory that `upperDir` amends: the two are one layer, and what the upper one hides is hidden of this one. */
      readonly amendedDir?: string | undefined;
      /** The index of the layer that `amendedDir` alone is, made of it: spares looking at what stays as it is. */
      readonly amendedIndex?: string | undefined;
      readonly lowerDirs: readonly string[];
      readonly rootless?: boolean | undefined;
    }
  /** Two complete trees; without a lower one everything is new. */
  | { readonly kind: 'trees'; readonly upperDir: string; readonly lowerDir: string | undefined };

/** Something a layer says, in the order its archive says it. */
export type DiffChange =
  | EntryChange
  | { readonly kind: 'whiteout'; readonly path: Uint8Array }
  /** Comes right after the directory's own entry. */
  | { readonly kind: 'opaque'; readonly path: Uint8Array };

export interface EntryChange {
  readonly kind: 'entry';
  readonly path: Uint8Array;
  /** Where it is to be read: a tree, and the place of its directory as a key. */
  readonly tree: OpenDirectories;
  readonly directory: string;
  readonly stat: FileStat;
  /** Of a regular file that is open already, until the next change is asked for. */
  readonly file?: EntryFile;
}

export interface EntryFile {
  readonly fd: number;
  readonly xattrs: Xattrs;
  /** All of it, where it has been read; the file has no holes then. */
  readonly content?: Uint8Array | undefined;
}

/** Told of what a layer cannot hold, a sentence each. */
export type Warn = (warning: string) => void;
