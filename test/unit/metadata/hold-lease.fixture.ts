// Holds a lease that pins the layer `held` until it is killed. Argument: root.
import { openStore } from './open-store.ts';

const store = await openStore(process.argv[2] ?? '');
const lease = await store.metadata.leases.open('holding');
await lease.pin('layer', 'held');
process.stdout.write('held\n');
setInterval(() => lease.id, 60_000);
