import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fill, folderWith } from './build-folder.ts';

const tools = `cat dd echo env false head hostname id kill ls mkdir mount ps pwd readlink rm sh sleep stat test touch true
  stty wc yes`;

/** Makes a build context for Debian's static busybox: some of its commands, a user `me` and a group `staff`. */
export function busyboxContext(context: Pick<TestContext, 'after'>, more: readonly string[] = []): string {
  const folder = folderWith(context, {
    Dockerfile: `${['FROM scratch', 'COPY tree /', 'ENV FROM_IMAGE=yes', 'CMD ["sh"]', ...more].join('\n')}\n`,
    'tree/etc/passwd': 'root:x:0:0:root:/root:/bin/sh\nme:x:1001:1002::/home/me:/bin/sh\n',
    'tree/etc/group': 'root:x:0:\nown:x:1002:\nstaff:x:50:me\n',
    'tree/tmp/': { mode: 0o1777 },
    'tree/home/me/': '',
  });
  const bin = join(folder, 'tree/bin');
  mkdirSync(bin);
  copyFileSync('/bin/busybox', join(bin, 'busybox'));
  fill(bin, Object.fromEntries(tools.split(/\s+/).map((name) => [name, { link: 'busybox' }])));
  return folder;
}
