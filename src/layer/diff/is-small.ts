import { listFd } from '../../sys/list-at.ts';
import { FileStat, statAt } from '../../sys/stat.ts';
import { OpenDirectories } from '../open-directories.ts';
import { childPlace, placeFromKey, placeKey } from '../place.ts';

const fewEntries = 300;

/** Whether a tree is so small that archiving it takes a few milliseconds. Looks at no more than a few hundred names. */
export function isSmall(root: string, maxBytes: number): boolean {
  using tree = new OpenDirectories(root);
  const stat = new FileStat();
  const directories = [''];
  let entries = 0;
  let bytes = 0;
  for (let key = directories.pop(); key !== undefined; key = directories.pop()) {
    const listed = listFd(tree.fd(key));
    entries += listed.length;
    if (entries > fewEntries) return false;
    for (const { name, type } of listed) {
      if (type === 'directory') directories.push(placeKey(childPlace(placeFromKey(key), name)));
      else bytes += statAt(tree.fd(key), name, stat).size;
    }
    if (bytes > maxBytes) return false;
  }
  return true;
}
