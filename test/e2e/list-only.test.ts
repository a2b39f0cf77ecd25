// Commands that only list change nothing, in any state of the store: counted by their system calls.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Metadata } from '../../src/metadata/metadata.ts';
import { temporaryFolder } from '../helpers/build-folder.ts';
import { busyboxStore } from '../helpers/busybox-store.ts';
import { needs } from '../helpers/needs.ts';
import { placesOf } from '../helpers/store-places.ts';
import { strataCommand, strataPath } from '../helpers/strata.ts';

// Calls of `info` to the kernel (fsopen, unshare) leave nothing and are not listed. Writes to descriptors are judged by
// the open call. SQLite opens its log with O_RDWR even to read it, and sets its owner anew as root.
const writing =
  'mkdir,mkdirat,rename,renameat,renameat2,unlink,unlinkat,rmdir,link,linkat,symlink,symlinkat,mknod,mknodat,truncate,ftruncate,fallocate,pwrite64,pwritev,pwritev2,fsync,fdatasync,sync,syncfs,sync_file_range,msync,mount,umount2,fsmount,move_mount,open_tree,chmod,fchmod,fchmodat,chown,fchownat,utimensat,setxattr,fsetxattr,lsetxattr';

/** Returns the calls of a command that change something, and those that open files to write. */
function changesOf(trace: string, root: string, args: readonly string[]): string[] {
  const traced = [
    '-f',
    '-qq',
    '-y',
    '-e',
    `trace=open,openat,openat2,creat,${writing}`,
    '-e',
    'signal=none',
    '-o',
    trace,
  ];
  // Node's cache of compiled code is filled by the first command that comes, elsewhere.
  const env = { ...process.env, NODE_DISABLE_COMPILE_CACHE: '1' };
  const { stderr } = spawnSync('strace', [...traced, strataPath, '--root', root, ...args], { encoding: 'utf8', env });
  return readFileSync(trace, 'utf8')
    .split('\n')
    .map((line) => line.replace(/^\d+ +/, ''))
    .filter(
      (line) =>
        /\w+\(/.test(line) && (!/^(?:open|openat|openat2|creat)\(/.test(line) || /O_(?:WRONLY|RDWR|CREAT)/.test(line)),
    )
    .filter((line) => !/"\/dev\/|\.db-wal"|= -1 /.test(line))
    .map((line) => `${line} ${stderr}`);
}

/** Returns everything below a folder with the time of its last change. */
const stateOf = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .map((name) => `${name} ${statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs}`)
        .sort()
    : ['nothing'];

const everywhere: readonly (readonly string[])[] = [
  ['images'],
  ['images', '--tree'],
  ['ps', '-a'],
  ['info', '-f', '{{.Driver}}'],
  ['inspect', 'busybox'],
  ['history', 'busybox'],
  ['builder', 'du'],
];

describe('commands that only list change nothing', { skip: needs('root', 'strace', 'busybox', 'overlay') }, () => {
  test('in a store that does not exist', (context) => {
    const { root } = strataCommand(context);
    const trace = join(temporaryFolder(context, 'trace'), 'trace');
    const missing = join(root, 'below', 'store');
    for (const args of everywhere) assert.deepEqual(changesOf(trace, missing, args), [], args.join(' '));
    assert.deepEqual(readdirSync(root), []);
  });

  test('in a store with an image and a container, at its first use and after another boot', async (context) => {
    const strata = await busyboxStore(context);
    const { root } = strata;
    const trace = join(temporaryFolder(context, 'trace'), 'trace');
    assert.equal((await strata('create', '--name', 'one', 'busybox', 'true')).code, 0);
    const look = (): void => {
      const before = stateOf(root);
      for (const args of [...everywhere, ['inspect', 'one'], ['logs', 'one']])
        assert.deepEqual(changesOf(trace, root, args), [], args.join(' '));
      assert.deepEqual(stateOf(root), before);
    };
    look();
    const { database, locks } = placesOf(root);
    (await Metadata.open({ database, locksDirectory: locks, bootId: 'another' }))[Symbol.dispose]();
    look();
  });
});
