import { listFd } from '../../sys/list-at.ts';
import { FileStat, statAt, statFd } from '../../sys/stat.ts';
import { OpenDirectories } from '../open-directories.ts';
import { childPath, pathFromKey, pathKey } from '../tree-path.ts';

const fewEntries = 300;

// On every filesystem the names of a few hundred files need less room, and listing many takes a while.
const fewBytes = 64 << 10;

/** Whether a tree is so small that archiving it takes a few milliseconds. Looks at no more than a few hundred names. */
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
