// Chooses a driver inside a user namespace and prints the choice as JSON. Arguments: root, `rootless` or nothing.
import { chooseDriver } from '../../../src/snapshots/choose-driver.ts';

const [root = '', mode] = process.argv.slice(2);
process.stdout.write(JSON.stringify(await chooseDriver({ root, rootless: mode === 'rootless' })));
