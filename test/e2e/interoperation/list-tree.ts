import { treeListing } from '../../helpers/tree-listing.ts';

/** Lists all entries below a folder, without the root's own time, which no engine keeps. */
export function listTree(folder: string): string[] {
  // A folder of /proc/…/fd is a link until a name is looked up in it.
  return treeListing(`${folder}/.`, { withoutTimes: (path) => path === '' });
}
