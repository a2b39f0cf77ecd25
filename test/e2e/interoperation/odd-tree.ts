// A tree with everything that gets lost between engines, and changes to it with everything that a layer can hold. Plain
// tools make both wherever an engine shows a folder, so that all engines make an image of the same files.
import { execFileSync } from 'node:child_process';
import { AT_FDCWD } from '../../../src/sys/constants.ts';
import { setXattrAt } from '../../../src/sys/xattr.ts';

/** cap_net_raw+ep, version 2, as setcap writes it. */
const netRaw = Buffer.from('0100000200200000000000000000000000000000', 'hex');

const sh = (folder: string, script: string): void => {
  execFileSync('bash', ['-euc', script], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
};

const attributes = (folder: string, values: Readonly<Record<string, Readonly<Record<string, Buffer>>>>): void => {
  for (const [path, each] of Object.entries(values)) {
    for (const [name, value] of Object.entries(each)) setXattrAt(AT_FDCWD, `${folder}/${path}`, name, value);
  }
};

/** Fills an empty folder with the content of the lowest layer. */
export function makeBase(folder: string): void {
  sh(
    folder,
    String.raw`umask 022
    mkdir -p bin dev etc/kept home/me odd opt/gone/deep opt/opaque opt/plain run tmp turns usr/lib var/empty
    echo base >etc/name; echo lower >etc/lower; echo removed >etc/removed; echo kept >etc/kept/file; echo m >etc/moded
    echo x >opt/gone/deep/file; echo x >opt/opaque/old; echo p >opt/plain/file
    echo tool >bin/tool; chmod 4755 bin/tool; echo ping >bin/ping; chmod 755 bin/ping
    echo group >bin/group; chgrp 50 bin/group; chmod 2755 bin/group
    echo one >etc/one; ln etc/one etc/two; ln etc/one usr/lib/three
    ln -s ../usr/lib etc/lib; ln -s /nowhere/at/all dangling; ln -s "$(printf 'x%.0s' {1..300})" odd/long-target
    mknod dev/zero c 1 5; chmod 666 dev/zero; mknod dev/disk b 259 300; chown 0:6 dev/disk; mkfifo -m 640 run/pipe
    chown -R 1001:1002 home/me; chown 100000:200000 etc/kept/file; chmod 1777 tmp; chmod 2770 var/empty
    echo x >odd/$'new\nline'; echo x >odd/$'\xff\xfe'; echo x >'odd/ space '; echo x >odd/-dash; echo x >odd/日本
    ln -s $'\xe9t\xe9' odd/latin-target; echo x >"odd/$(printf 'n%.0s' {1..200})"
    deep=odd; for i in 1 2 3; do deep=$deep/$(printf "$i%.0s" {1..120}); done; mkdir -p $deep; echo deep >$deep/file
    truncate -s 3000000 usr/lib/sparse
    printf data | dd of=usr/lib/sparse bs=1 seek=1500000 conv=notrunc status=none
    truncate -s 1000000 usr/lib/hole
    echo x >turns/file-to-folder; mkdir turns/folder-to-link; echo x >turns/folder-to-link/x; ln -s x turns/link-to-file
    head -c 300000 /dev/urandom >usr/lib/data`,
  );
  attributes(folder, {
    'bin/ping': { 'security.capability': netRaw },
    'etc/name': { 'user.comment': Buffer.from('über') },
    'opt/plain': { 'user.binary': Buffer.from([0, 255, 10, 0]) },
  });
  sh(folder, 'find . -depth -print0 | xargs -0 touch -h -d @1600000000.123456789');
}

/** Makes the changes of the layer above. */
export function makeChanges(folder: string): void {
  sh(
    folder,
    String.raw`umask 022
    rm etc/removed; rm -r opt/gone; rm -r opt/opaque; mkdir opt/opaque; echo new >opt/opaque/new
    ln etc/lower etc/above; echo changed >etc/name; chmod 600 etc/moded; chown 5:6 etc/kept
    rm turns/file-to-folder; mkdir turns/file-to-folder; echo x >turns/file-to-folder/x
    rm -r turns/folder-to-link; ln -s ../etc turns/folder-to-link; rm turns/link-to-file; echo x >turns/link-to-file
    mkdir added; echo cap >added/cap; echo two >added/two; ln added/two added/three; echo x >added/$'\xfd\n'
    chmod 6755 added/two; mknod added/tty c 4 1; mkfifo added/pipe; chown 70000:80000 added/pipe
    truncate -s 2000000 added/sparse; printf end >>added/sparse; rm odd/-dash; chmod 700 var/empty`,
  );
  attributes(folder, {
    'added/cap': { 'security.capability': netRaw, 'user.mine': Buffer.from([1, 0, 2]) },
    'var/empty': { 'user.late': Buffer.from('yes') },
  });
  // Folders in which something changed get a fixed time, too, instead of the clock's.
  sh(
    folder,
    `find added turns opt/opaque -depth -print0 | xargs -0 touch -h -d @1700000000.987654321
    touch -h -d @1700000000.987654321 etc/above etc/name etc/moded etc/kept etc opt odd var/empty .`,
  );
}

/** Packs all files of {@link makeBase} with everything that GNU tar can record of them. */
export function packTree(folder: string, archive: string, { sparse }: { readonly sparse: boolean }): void {
  const flags = ['--format=posix', '--xattrs', '--xattrs-include=*', '--numeric-owner', '--sort=name'];
  if (sparse) flags.push('--sparse');
  execFileSync('tar', ['-cf', archive, ...flags, '-C', folder, '.'], { stdio: ['ignore', 'ignore', 'pipe'] });
}
