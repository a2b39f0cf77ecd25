// Writes one blob in three chunks and commits it, but kills itself before the n-th step. Arguments: root, seed of the
// bytes, number of bytes, n (from 0; a large one lets it finish). Prints `begin`, and `ack` once the commit is
// acknowledged.
import { writeSync } from 'node:fs';
import { createRandom } from '../../../helpers/random.ts';
import { openLocal } from './local-content.ts';

const [root = '', seed = '', length = '', killAt = ''] = process.argv.slice(2);
const bytes = createRandom(Number(seed)).bytes(Number(length));
let steps = 0;
const store = openLocal(root, () => {
  if (steps++ === Number(killAt)) process.kill(process.pid, 'SIGKILL');
});
writeSync(1, 'begin\n');
await using writer = await store.writer('layer');
const third = Math.ceil(bytes.length / 3);
while (writer.offset < bytes.length) await writer.write(bytes.subarray(writer.offset, writer.offset + third));
await writer.commit();
writeSync(1, 'ack\n');
