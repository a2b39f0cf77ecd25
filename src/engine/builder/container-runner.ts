import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Runner, RunnerRequest, StepCommand } from '../../builder/runner.ts';
import { DeathWatch } from '../../containers/foreground/death-watch.ts';
import { type ForegroundPlan, foregroundJob } from '../../containers/foreground/foreground-job.ts';
import { etcFiles } from '../../containers/runtime/etc-files.ts';
import { variablesOf } from '../../dockerfile/environment.ts';
import type { StoreLease } from '../../metadata/leases.ts';
import type { StoreLayout } from '../../store/layout.ts';
import { stepsOf } from '../../store/layout.ts';
import type { Store } from '../../store/store.ts';
import type { Mount } from '../../sys/mount-list.ts';
import { stepRuntime } from '../containers/state/locations.ts';
import { thisMachine } from '../machine.ts';
import { ensureMountPoints } from './mount-points.ts';

// The same for every build: the output of a command must not depend on it.
const hostname = 'strata-build';

/** Runs commands of RUN in containers without records. Each ends with its step, or with this process. */
export class ContainerRunner implements Runner, Disposable {
  readonly #store: Store;
  readonly #lease: StoreLease;
  #watch: DeathWatch | undefined;
  #count = 0;

  /** `lease` is the build's. Once it is dead, the containers of its steps count as abandoned. */
  constructor(store: Store, lease: StoreLease) {
    this.#store = store;
    this.#lease = lease;
  }

  async run({ onOutput, signal, ...request }: RunnerRequest): Promise<{ readonly exitCode: number }> {
    const plan = this.#planOf(request);
    this.#watch ??= new DeathWatch(plan);
    this.#watch.add(plan.id);
    const exitCode = await this.#store.host.run(foregroundJob, plan, {
      signal,
      onEvent: (event) => {
        if (event.type !== 'output') return undefined;
        return new Promise<void>((taken) => onOutput(event.stream, event.chunk, taken));
      },
    });
    return { exitCode };
  }

  [Symbol.dispose](): void {
    this.#watch?.[Symbol.dispose]();
  }

  #planOf(request: StepCommand & Pick<RunnerRequest, 'root'>): ForegroundPlan {
    const { layout } = this.#store;
    const { network, args, env, user, workingDirectory, scripts } = request;
    const steps = stepsOf(layout);
    mkdirSync(steps, { recursive: true, mode: 0o700 });
    const id = `${this.#lease.id}-${++this.#count}`;
    return {
      id,
      bundle: join(steps, id),
      rootfs: withMountPoints(request.root, layout),
      image: { Env: env },
      options: {
        hostname,
        network,
        machine: thisMachine(),
        entrypoint: args,
        // A bare name unsets the variable that every container gets; BuildKit gives RUN no HOSTNAME.
        env: variablesOf(env).has('HOSTNAME') ? [] : ['HOSTNAME'],
        workingDir: workingDirectory,
        cgroupsPath: `/strata/${id}`,
      },
      user,
      files: filesFor(network),
      scripts,
      removesMountPoints: true,
      ...stepRuntime(this.#store),
      stdio: 'output',
      interactive: false,
    };
  }
}

/** Adds the hostname to /etc/hosts on every network: sudo resolves it. */
function filesFor(network: StepCommand['network']): Record<string, string> {
  const files = etcFiles({ hostname, network });
  const hosts = (files['/etc/hosts'] ?? '').replace(/\n*$/, '\n');
  return { ...files, '/etc/hosts': `${hosts}127.0.0.1\t${hostname}\n` };
}

/**
 * Adds mount points below the image's layers for all that a container mounts over its root, so that the runtime creates
 * nothing in the step's own layer.
 */
function withMountPoints(root: readonly Mount[], layout: StoreLayout): readonly Mount[] {
  return root.map((mount) => {
    const { overlay } = mount;
    if (overlay === undefined || overlay.lowerDirs.length >= maxLowerDirs) return mount;
    return { ...mount, overlay: { ...overlay, lowerDirs: [...overlay.lowerDirs, ensureMountPoints(layout)] } };
  });
}

// Limit of overlayfs.
const maxLowerDirs = 500;
