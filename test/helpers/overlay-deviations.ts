/**
 * Tests in which overlayfs differs from other filesystems, with the options Strata pins. Docker's overlay2 does as
 * well.
 */
export const overlayDeviations: readonly { readonly test: string; readonly reason: string }[] = [
  {
    test: 'rename a directory of a lower layer',
    reason:
      'EXDEV with redirect_dir=nofollow: a redirect would make a layer unreadable without its parents; mv(1) copies',
  },
  {
    test: 'write through one of two hard links of a lower layer changes both',
    reason: 'index=off: a copy up breaks the link, and the index would tie a layer to the parents it was made on',
  },
];
