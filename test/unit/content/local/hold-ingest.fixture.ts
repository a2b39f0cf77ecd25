// Holds an ingest with some bytes until it is killed. Arguments: root, ref, number of bytes, each of them 7.
import { openLocal } from './local-content.ts';

const [root = '', ref = '', bytes = '0'] = process.argv.slice(2);
const writer = await openLocal(root).writer(ref);
await writer.write(new Uint8Array(Number(bytes)).fill(7));
process.stdout.write('held\n');
setInterval(() => writer.offset, 60_000);
