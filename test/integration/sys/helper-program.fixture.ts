// The program of a helper. Removes the names in `tasks`; waits while there is a file `hold-start` or `hold-end`.
import { appendFileSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { runHelper } from '../../../src/sys/helper/run-helper.ts';
import { pause } from '../../../src/sys/pause.ts';

runHelper(([folder = '']) => {
  const tasks = join(folder, 'tasks');
  appendFileSync(join(folder, 'started'), `${process.pid}\n`);
  const whileThere = async (name: string, signal: AbortSignal): Promise<void> => {
    while (existsSync(join(folder, name))) await pause(5, { signal });
  };
  return {
    async work(signal) {
      await whileThere('hold-start', signal);
      for (const name of readdirSync(tasks)) rmSync(join(tasks, name));
      await whileThere('hold-end', signal);
    },
    isNeeded: () => readdirSync(tasks).length > 0,
  };
});
