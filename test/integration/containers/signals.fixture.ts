// Runs a container that prints the signals it gets, until SIGUSR1; signals of this process go to it.
import { Engine } from '../../../src/engine/index.ts';

const [root = '', mountThread] = process.argv.slice(2);
const script = 'trap "echo got TERM" TERM; trap "exit 5" USR1; echo ready; while true; do sleep 0.05; done';
await using engine = await Engine.open({ root, mountThread: mountThread === 'main' ? 'main' : 'worker' });
const operation = engine.containers.run({
  image: 'busybox',
  command: ['sh', '-c', script],
  remove: true,
  forwardSignals: true,
});
for await (const event of operation) if (event.type === 'output') process.stdout.write(event.chunk);
const { exitCode } = await operation.result;
console.log(`ended with ${exitCode}, ${process.listenerCount('SIGTERM')} listeners`);
