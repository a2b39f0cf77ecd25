// A command that leaves a task and keeps a helper for it: folder version [wait]. Prints the result; with `wait` it
// begins when standard input has data.
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { keepHelper } from '../../../src/sys/helper/keep-helper.ts';

const [folder = '', version = '', when] = process.argv.slice(2);
if (when === 'wait') {
  console.log('ready');
  await once(process.stdin, 'data');
}
writeFileSync(join(folder, 'tasks', String(process.pid)), '');
const program = new URL('helper-program.fixture.ts', import.meta.url);
console.log(await keepHelper({ program, args: [folder], version, lock: join(folder, 'locks/helper') }));
process.stdin.destroy();
