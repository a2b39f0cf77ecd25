/** Directories and flags of an overlay; all directories are absolute. */
export interface OverlayMount {
  /** Lower directories, 1 to 500, topmost first. */
  readonly lowerDirs: readonly string[];
  /** Directory for the changes; without it the mount is read-only. */
  readonly upperDir?: string | undefined;
  /** Empty directory on the filesystem of `upperDir`; required with it. */
  readonly workDir?: string | undefined;
  readonly readOnly?: boolean | undefined;
  /** Skips flushing of the upper directory, which is then worthless after a crash of the machine. */
  readonly volatile?: boolean | undefined;
  /** Uses attributes `user.overlay.*` instead of `trusted.overlay.*`, as rootless mounts need. */
  readonly userXattr?: boolean | undefined;
}

/**
 * Options that override the defaults of the kernel's build. A redirect or a metacopy in an upper directory would make its native
 * diff wrong, and an index would tie a layer to the first upper directory it was mounted with.
 */
export const pinnedOptions = [
  ['redirect_dir', 'nofollow'],
  ['metacopy', 'off'],
  ['index', 'off'],
] as const;

/** Returns the options without a value. */
export function overlayFlags(spec: OverlayMount): string[] {
  const flags: string[] = [];
  if (spec.volatile === true && spec.upperDir !== undefined) flags.push('volatile');
  if (spec.userXattr === true) flags.push('userxattr');
  return flags;
}
