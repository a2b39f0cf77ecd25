import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { assertNothingLeft } from '../../helpers/leftovers.ts';
import { needs } from '../../helpers/needs.ts';
import { testStore } from '../../helpers/test-store.ts';
import { until } from '../../helpers/until.ts';

const skip = needs('root', 'overlay', 'runc', 'conmon', 'busybox');

for (const mountThread of ['main', 'worker']) {
  test(`signals go to the container when that is requested, also with mounts in the ${mountThread} thread`, {
    skip,
  }, async (t) => {
    const engine = await testStore(t, { busybox: 'busybox' });
    const fixture = join(import.meta.dirname, 'signals.fixture.ts');
    const child = spawn(process.execPath, [fixture, engine.layout.root, mountThread], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    t.after(() => child.kill('SIGKILL'));
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const untilSaid = (text: string): Promise<void> =>
      until(
        () => said.includes(text),
        () => `no ${text} in ${said}`,
      );
    await untilSaid('ready');
    child.kill('SIGTERM');
    await untilSaid('got TERM');
    child.kill('SIGUSR1');
    await untilSaid('ended with 5, 0 listeners');
    await assertNothingLeft(engine);
  });
}
