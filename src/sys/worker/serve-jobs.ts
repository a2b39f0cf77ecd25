import { type MessagePort, parentPort } from 'node:worker_threads';
import { firstCause } from '../../errors/index.ts';
import { invariant } from '../../lib/invariant.ts';
import { toErrorData } from './error-data.ts';
import type { JobControl, JobHandler } from './job-control.ts';
import type { WorkerOrder, WorkerReport } from './messages.ts';
import { withOwnBytes } from './own-bytes.ts';

class Aborted extends Error {}

/** Serves the jobs of a `JobThread`, in its worker. Jobs overlap when `handler` is asynchronous. */
export function serveJobs<Job, Event, Result>(handler: JobHandler<Job, Event, Result>): void {
  invariant(parentPort, 'this module runs in a worker');
  const server = new JobServer(parentPort, handler as JobHandler<unknown, unknown, unknown>);
  parentPort.on('message', (order: WorkerOrder) => server.handle(order));
}

class JobServer {
  readonly #port: MessagePort;
  readonly #handler: JobHandler<unknown, unknown, unknown>;
  readonly #running = new Map<number, ServedJob>();
  /** Deliveries that the other side has not acknowledged yet. */
  readonly #untaken = new Map<number, () => void>();
  #deliveries = 0;
  #isEnding = false;

  constructor(port: MessagePort, handler: JobHandler<unknown, unknown, unknown>) {
    this.#port = port;
    this.#handler = handler;
  }

  handle(order: WorkerOrder): void {
    switch (order.kind) {
      case 'job':
        void this.#run(order.number, order.job, order.abort);
        break;
      case 'abort':
        this.#running.get(order.number)?.abort();
        break;
      case 'taken':
        this.#untaken.get(order.event)?.();
        this.#untaken.delete(order.event);
        break;
      case 'end':
        this.#isEnding = true;
        this.#endIfIdle();
    }
  }

  #endIfIdle(): void {
    if (this.#isEnding && this.#running.size === 0) this.#port.close();
  }

  async #run(number: number, job: unknown, abort: SharedArrayBuffer): Promise<void> {
    const report = (original: unknown, delivery?: number): void => {
      const { event, transfer } = withOwnBytes(original);
      this.#send({ kind: 'event', number, event, delivery }, transfer);
    };
    const control = new ServedJob(abort, report, (event) => {
      const delivery = ++this.#deliveries;
      const taken = new Promise<void>((resolve) => this.#untaken.set(delivery, resolve));
      report(event, delivery);
      return taken;
    });
    this.#running.set(number, control);
    try {
      const result = this.#handler(job, control);
      // Awaited only if needed: a synchronous job must not cost a turn of the event loop.
      this.#send({ kind: 'done', number, result: result instanceof Promise ? await result : result });
    } catch (error) {
      const isAborted = firstCause(error) instanceof Aborted;
      this.#send(isAborted ? { kind: 'aborted', number } : { kind: 'failed', number, error: toErrorData(error) });
    } finally {
      this.#running.delete(number);
      this.#endIfIdle();
    }
  }

  #send(report: WorkerReport, transfer: readonly ArrayBuffer[] = []): void {
    this.#port.postMessage(report, transfer);
  }
}

class ServedJob implements JobControl<unknown> {
  readonly report: (event: unknown) => void;
  readonly deliver: (event: unknown) => Promise<void>;
  readonly check = (): void => {
    if (this.#isAborted) throw new Aborted();
  };
  readonly #word: Int32Array;
  #controller: AbortController | undefined;

  constructor(abort: SharedArrayBuffer, report: (event: unknown) => void, deliver: (event: unknown) => Promise<void>) {
    this.#word = new Int32Array(abort);
    this.report = report;
    this.deliver = deliver;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#isAborted) this.abort();
    return this.#controller.signal;
  }

  abort(): void {
    this.#controller?.abort(new Aborted());
  }

  get #isAborted(): boolean {
    return Atomics.load(this.#word, 0) !== 0;
  }
}
