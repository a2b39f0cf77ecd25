/** Number of symlinks that the kernel follows in one path before it fails with ELOOP (MAXSYMLINKS). */
export const maxSymlinkHops = 40;
