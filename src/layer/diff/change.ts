import type { FileStat } from '../../sys/stat.ts';
import type { OpenDirectories } from '../open-directories.ts';

/** Where the changes of a layer are read from; directories are absolute. */
export type ChangedTree =
  /** The own directory of an overlay layer, and those below it, nearest first. */
  | {
      readonly kind: 'overlay';
      readonly upperDir: string;
      /** The own directory that `upperDir` amends: the two are one layer, and what the upper one hides is hidden of this one. */
      readonly amendedDir?: string | undefined;
      readonly lowerDirs: readonly string[];
      readonly rootless?: boolean | undefined;
    }
  /** Two complete trees; without a lower one everything is new. */
  | { readonly kind: 'trees'; readonly upperDir: string; readonly lowerDir: string | undefined };

/** Something a layer says, in the order its archive says it. */
export type Change =
  | {
      readonly kind: 'entry';
      readonly place: Uint8Array;
      /** Where it is to be read: a tree, and the place of its directory as a key. */
      readonly tree: OpenDirectories;
      readonly directory: string;
      readonly stat: FileStat;
    }
  | { readonly kind: 'whiteout'; readonly place: Uint8Array }
  /** Comes right after the directory's own entry. */
  | { readonly kind: 'opaque'; readonly place: Uint8Array };

/** Told of what a layer cannot hold, a sentence each. */
export type Warn = (warning: string) => void;
