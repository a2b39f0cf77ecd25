import { listFd } from '../../sys/list-at.ts';
import { FileStat, statAt, statFd } from '../../sys/stat.ts';
import { OpenDirectories } from '../open-directories.ts';
import { childPath, pathFromKey, pathKey } from '../tree-path.ts';

const fewEntries = 300;

// The names of a few hundred files need less on every filesystem; listing a larger directory takes a while.
const fewBytes = 64 << 10;

/** Returns true for a tree that can be archived in a few milliseconds. Inspects a few hundred names at most. */
export function isSmall(root: string, maxBytes: number): boolean {
  using tree = new OpenDirectories(root);
  const stat = new FileStat();
  const directories = [''];
  let entries = 0;
  let bytes = 0;
  for (let key = directories.pop(); key !== undefined; key = directories.pop()) {
    const fd = tree.fd(key);
    if (statFd(fd, stat).size > fewBytes) return false;
    const listed = listFd(fd);
    entries += listed.length;
    if (entries > fewEntries) return false;
    for (const { name, type } of listed) {
      if (type === 'directory') directories.push(pathKey(childPath(pathFromKey(key), name)));
      else bytes += statAt(fd, name, stat).size;
    }
    if (bytes > maxBytes) return false;
  }
  return true;
}
