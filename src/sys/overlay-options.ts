/** What is to be stacked; all directories absolute. */
export interface OverlayMount {
  /** Nearest first; 1 to 500. */
  readonly lowerDirs: readonly string[];
  /** Takes the changes; without one the mount is read-only. */
  readonly upperDir?: string | undefined;
  /** Empty, on the filesystem of `upperDir`, which needs it. */
  readonly workDir?: string | undefined;
  readonly readOnly?: boolean | undefined;
  /** The upper is worthless after a crash of the machine, so nothing is flushed for it. */
  readonly volatile?: boolean | undefined;
  /** Marks in `user.overlay.*` instead of `trusted.overlay.*`, as rootless mounts need. */
  readonly userXattr?: boolean | undefined;
}

/**
 * Pinned, whatever the kernel was built with: a redirect or a metacopy in an upper would make its native diff wrong,
 * and an index would tie a layer to the first upper it was mounted under.
 */
export const pinnedOptions = [
  ['redirect_dir', 'nofollow'],
  ['metacopy', 'off'],
  ['index', 'off'],
] as const;

/** Options without a value that a mount asks for. */
export function overlayFlags(spec: OverlayMount): string[] {
  const flags: string[] = [];
  if (spec.volatile === true && spec.upperDir !== undefined) flags.push('volatile');
  if (spec.userXattr === true) flags.push('userxattr');
  return flags;
}
