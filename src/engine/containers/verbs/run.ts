import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { type ForegroundPlan, foregroundJob } from '../../../containers/foreground/foreground-job.ts';
import { forwardSignals } from '../../../containers/foreground/forward-signals.ts';
import { prepareBindSources } from '../../../containers/mounts/bind-sources.ts';
import { etcFiles } from '../../../containers/runtime/etc-files.ts';
import { findRuntime, isRuntimeName } from '../../../containers/runtime/find-runtime.ts';
import { runtimeOptions } from '../../../containers/runtime/runtime-options.ts';
import { killedExitCode } from '../../../containers/signals.ts';
import type { ContainerState } from '../../../containers/state.ts';
import { checkChoice, invalidOption } from '../../../errors/option.ts';
import type { WorkControl } from '../../../lib/work-control.ts';
import type { StoreLease } from '../../../metadata/leases.ts';
import { collectGarbage, emptyTrashBriefly } from '../../../store/garbage/collect.ts';
import { bundlesOf } from '../../../store/layout.ts';
import type { Store } from '../../../store/store.ts';
import { thisMachine } from '../../machine.ts';
import { type RecordedContainer, recordContainer } from '../create/create.ts';
import { runtimeOf } from '../state/locations.ts';
import { reconcileContainers } from '../state/reconcile.ts';
import { ForegroundLifecycle } from './foreground-lifecycle.ts';
import type { RunEvent, RunRequest, RunResult } from './run-types.ts';

/**
 * Creates a container and runs it to its end. With `remove` nothing of it stays, whatever happens. Otherwise its record, log
 * and writable layer stay. A container that is removed at its end, or that uses our own streams, needs no supervisor.
 */
export async function runContainer(
  store: Store,
  request: RunRequest,
  control: WorkControl<RunEvent>,
): Promise<RunResult> {
  checkStreams(request);
  const isForeground = request.stdio === 'inherit' || (request.remove === true && request.terminal !== true);
  if (isForeground) return await runInForeground(store, request, control);
  const { runSupervised } = await import('./run-supervised.ts');
  return await runSupervised(store, request, control);
}

function checkStreams({ stdio, terminal }: RunRequest): void {
  checkChoice('stdio', stdio, ['events', 'inherit']);
  if (stdio === 'inherit' && terminal === true && !hasTerminal())
    throw invalidOption('stdio', stdio, 'events: this process has no terminal that a container could use');
}

/** True when this process has a controlling terminal. The runtime opens it by this name. */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}

async function runInForeground(
  store: Store,
  request: RunRequest,
  { report, signal }: WorkControl<RunEvent>,
): Promise<RunResult> {
  const { metadata, configuration } = store;
  const runtime = request.host?.Runtime || configuration.defaultRuntime;
  // Reports a missing runtime before anything is created.
  if (isRuntimeName(runtime, configuration)) findRuntime(configuration, runtime);
  await metadata.leases.removeDead();
  await reconcileContainers(store, { signal });
  await using lease = await metadata.leases.open('run', { signal });
  // It runs as long as the lease lives; a record that says so without one was left by a killed command.
  const state: ContainerState = { status: 'running', attended: true };
  const remove = request.remove === true;
  const created = await recordContainer(store, request, { lease, signal, state, volatile: remove });
  const { id, name, warnings } = created;
  const life = new ForegroundLifecycle(store, created, { remove });
  await using cleaning = new AsyncDisposableStack();
  cleaning.defer(async () => {
    if (remove) await life.discard(lease);
    if (metadata.leases.deaths().length > 0) await collectGarbage(store);
    else if (remove) await emptyTrashBriefly(store.layout);
  });
  try {
    report({ type: 'created', id, name, warnings });
    const plan = await planOf(request, store, created, { lease, signal });
    const exitCode = await runPlan(plan, request, store, {
      report: (event, taken) => {
        if (event.type === 'started') life.start();
        report(event, taken);
      },
      signal,
    });
    await life.end({ exitCode });
    return { id, exitCode };
  } catch (error) {
    if (signal.aborted) await life.end({ exitCode: killedExitCode });
    else await life.fail(error);
    throw error;
  }
}

async function planOf(
  request: RunRequest,
  store: Store,
  { id, snapshotId, definition }: RecordedContainer,
  { lease, signal }: { readonly lease: StoreLease; readonly signal: AbortSignal },
): Promise<ForegroundPlan> {
  const { layout } = store;
  const { config, host } = definition;
  prepareBindSources(host);
  const { snapshotter } = await store.openDriver();
  const rootfs = await snapshotter.mounts(snapshotId, { signal });
  const bundles = bundlesOf(layout);
  mkdirSync(bundles, { recursive: true, mode: 0o700 });
  return {
    id,
    bundle: join(bundles, id),
    rootfs,
    image: config,
    options: runtimeOptions(definition, { id, machine: thisMachine(), ownMounts: [] }),
    user: config.User ?? '',
    groups: host.GroupAdd,
    files: etcFiles({ hostname: config.Hostname, network: host.NetworkMode, host }),
    ...runtimeOf(store, definition),
    stdio: request.stdio === 'inherit' ? 'inherit' : 'output',
    interactive: request.interactive ?? false,
    heldFd: lease.lockFd,
  };
}

async function runPlan(
  plan: ForegroundPlan,
  { forwardSignals: forwards = false }: RunRequest,
  { host }: Store,
  { report, signal }: WorkControl<RunEvent>,
): Promise<number> {
  using forwarding = new DisposableStack();
  return await host.run(foregroundJob, plan, {
    signal,
    onEvent: (event) => {
      if (event.type === 'output') {
        const { stream, chunk } = event;
        return new Promise<void>((taken) => report({ type: 'output', stream, chunk }, taken));
      }
      if (event.type === 'started') report(event);
      else if (forwards) {
        forwarding.use(forwardSignals(event));
        report({ type: 'forwarding' });
      }
      return undefined;
    },
  });
}
