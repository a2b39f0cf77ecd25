import { chmodSync, existsSync, lchownSync, linkSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AT_FDCWD } from '../sys/constants.ts';
import { type Errno, errnoOf } from '../sys/errno.ts';
import { mknodAt } from '../sys/fs-at.ts';
import { setXattrAt } from '../sys/xattr.ts';

/** An ability that files of an image need, tried on a real file. */
interface Trial {
  /** The attribute that is lost when it fails. */
  readonly what: string;
  readonly run: (directory: string, file: string) => void;
}

// struct vfs_cap_data, revision 2, with cap_net_raw.
const capability = Buffer.from('0100000200200000000000000000000000000000', 'hex');

const trials: readonly Trial[] = [
  { what: 'owners', run: (_, file) => lchownSync(file, 1, 1) },
  { what: 'modes', run: (_, file) => setAndCheckMode(file, 0o4751) },
  { what: 'hard links', run: (directory, file) => linkSync(file, join(directory, 'hard-link')) },
  { what: 'symbolic links', run: (directory) => symlinkSync('x', join(directory, 'symbolic-link')) },
  {
    what: 'device files',
    run: (directory) => mknodAt(AT_FDCWD, join(directory, 'device'), 'character-device', 0o600, 1, 3),
  },
  { what: 'file capabilities', run: (_, file) => setXattrAt(AT_FDCWD, file, 'security.capability', capability) },
];

function setAndCheckMode(file: string, mode: number): void {
  chmodSync(file, mode);
  if ((statSync(file).mode & 0o7777) !== mode) throw Object.assign(new Error('not kept'), { code: 'EOPNOTSUPP' });
}

export interface FileAbilities {
  /** Attributes that files of an image would lose, such as `owners (EPERM)`. */
  readonly lost: readonly string[];
  /** True when two files of a layer whose names differ only in case would become one. */
  readonly foldsCase: boolean;
}

/** Tries which attributes of files a filesystem keeps, in `directory`, which it creates. */
export function probeFiles(directory: string): FileAbilities {
  mkdirSync(directory);
  const file = join(directory, 'name');
  writeFileSync(file, 'x');
  const lost = trials.flatMap(({ what, run }) => {
    const errno = failureOf(() => run(directory, file));
    return errno === undefined ? [] : [`${what} (${errno})`];
  });
  return { lost, foldsCase: existsSync(join(directory, 'NAME')) };
}

function failureOf(trial: () => void): Errno | undefined {
  try {
    trial();
    return undefined;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    return errno;
  }
}
