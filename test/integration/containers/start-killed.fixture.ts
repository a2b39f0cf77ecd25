// Starts a container and is killed: `made` with its processes made and not let go, `started` right after.
import { Engine } from '../../../src/engine/index.ts';

const [root, id = '', when = 'made'] = process.argv.slice(2);
const die = (): void => void process.kill(process.pid, 'SIGKILL');
const engine = await Engine.open({ ...(root === undefined ? {} : { root }), ownProcess: true });
await engine.containers.start(id, { onMade: () => (when === 'made' ? die() : undefined) });
die();
