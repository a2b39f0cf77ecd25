// Exchanges two names as fast as it can, whenever both exist: `swap.fixture.ts DIRECTORY ONE OTHER`. Prints `ready`,
// ends when a file `stop` appears.
import { openSync } from 'node:fs';
import { RENAME_EXCHANGE } from '../../../src/sys/constants.ts';
import { errnoOf } from '../../../src/sys/errno.ts';
import { renameAt } from '../../../src/sys/fs-at.ts';
import { statAtIfThere } from '../../../src/sys/stat.ts';

const [directory = '', one = '', other = ''] = process.argv.slice(2);
const fd = openSync(directory, 'r');
process.stdout.write('ready\n');
while (statAtIfThere(fd, 'stop') === undefined) {
  try {
    for (let i = 0; i < 100; i++) renameAt(fd, one, fd, other, RENAME_EXCHANGE);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}
