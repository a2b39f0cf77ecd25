// Starts a container and is killed: at `made` when its processes exist but wait, at `started` right after.
import type { StartWork } from '../../../src/engine/containers/verbs/start.ts';
import { Engine } from '../../../src/engine/index.ts';

const [root, id = '', when = 'made'] = process.argv.slice(2);
const die = (): void => void process.kill(process.pid, 'SIGKILL');
const engine = await Engine.open({ ...(root === undefined ? {} : { root }), mountThread: 'main' });
const work: StartWork = { onCreated: () => (when === 'made' ? die() : undefined) };
await engine.containers.start(id, work);
die();
