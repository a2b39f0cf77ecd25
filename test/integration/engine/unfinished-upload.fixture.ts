// A process that uploads: writes so many bytes of a transfer, prints a line, and waits to be killed. Arguments: root,
// ref, bytes.
import { TrackedContentStore } from '../../../src/metadata/tracked-content.ts';
import { openStoreAt } from '../../helpers/open-store-at.ts';

const [root = '', ref = '', bytes = '0'] = process.argv.slice(2);
const store = openStoreAt(root);
const lease = await store.metadata.leases.open('upload');
const content = new TrackedContentStore(store.content, store.metadata, lease);
const writer = await content.writer(ref, { transfer: { kind: 'upload', source: 'example.com/app' } });
await writer.write(new Uint8Array(Number(bytes)).fill(7));
process.stdout.write('written\n');
setInterval(() => writer.offset, 60_000);
