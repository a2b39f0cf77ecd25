// Exchanges two names as fast as it can, whenever both are there: `swap.fixture.ts DIRECTORY ONE OTHER`. Says `ready`,
// ends when a file `stop` appears, and says how often it has swapped.
import { openSync } from 'node:fs';
import { RENAME_EXCHANGE } from '../../../src/sys/constants.ts';
import { errnoOf } from '../../../src/sys/errno.ts';
import { renameAt } from '../../../src/sys/fs-at.ts';
import { statAtIfThere } from '../../../src/sys/stat.ts';

const [directory = '', one = '', other = ''] = process.argv.slice(2);
const fd = openSync(directory, 'r');
process.stdout.write('ready\n');
let swaps = 0;
while (statAtIfThere(fd, 'stop') === undefined) {
  try {
    for (let i = 0; i < 100; i++, swaps++) renameAt(fd, one, fd, other, RENAME_EXCHANGE);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}
process.stdout.write(`${swaps}\n`);
