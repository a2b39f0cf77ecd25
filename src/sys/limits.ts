/** Symlinks that the kernel follows in one path before it says ELOOP (MAXSYMLINKS). */
export const maxSymlinkHops = 40;
