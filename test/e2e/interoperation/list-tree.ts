import { treeListing } from '../../helpers/tree-listing.ts';

/** All entries below a folder; the root's own time is left out, since no engine is asked to keep it. */
export function listTree(folder: string): string[] {
  // A folder of /proc/…/fd is a link until something is looked up in it.
  return treeListing(`${folder}/.`, { withoutTimes: (path) => path === '' });
}
