// The engine's side of the border: requests come as jobs, progress and chunks go back as events.
import { Engine } from '../../../src/engine/index.ts';
import { serveJobs } from '../../../src/sys/worker/serve-jobs.ts';
import type { BorderEvent, BorderJob } from './border-server.fixture.ts';

let opened: Promise<Engine> | undefined;

serveJobs(async (job: BorderJob, { signal, deliver, report }) => {
  opened ??= Engine.open({ root: job.root });
  const engine = await opened;
  const tell = (event: BorderEvent): void => report(event);
  switch (job.verb) {
    case 'load': {
      await using load = engine.images.load({ input: job.body, signal });
      for await (const event of load) tell(event);
      return await load.result;
    }
    case 'check': {
      await using check = engine.system.check({ signal });
      for await (const event of check) tell(event);
      return await check.result;
    }
    case 'logs':
      for await (const { bytes } of engine.containers.logs(job.container, { follow: true, signal }))
        await deliver({ bytes });
      return 'end';
    case 'end':
      return await engine[Symbol.asyncDispose]();
  }
});
