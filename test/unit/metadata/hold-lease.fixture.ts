// Holds a lease that pins the layer `held` until it is killed. Argument: root.
import { openStore } from './open-store.ts';

const store = openStore(process.argv[2] ?? '');
const lease = store.metadata.leases.open('holding');
lease.pin('layer', 'held');
process.stdout.write('held\n');
setInterval(() => lease.id, 60_000);
