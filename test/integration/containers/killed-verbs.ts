// Verbs on containers that may be killed: how each is prepared, called, and repeated by the next command.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import type { Engine } from '../../../src/engine/index.ts';
import { inspectState } from './container-state.ts';

/**
 * Victim of a kill. `init` is the container's first process while it still runs the runtime's program; `all` are all at
 * once.
 */
export type Victim = 'command' | 'conmon' | 'runc' | 'init' | 'all' | 'nobody';

export interface KilledVerb {
  readonly name: string;
  readonly victims: readonly Victim[];
  /** Brings the container `one` into the state in which the verb begins. */
  readonly prepare?: (engine: Engine) => Promise<unknown>;
  readonly args: readonly string[];
  /** True when conmon exists before the verb begins. */
  readonly isSupervised?: boolean;
  /** Most runtimes that the verb starts. Ending a container takes none. */
  readonly runtimes: number;
  /** True when the command lives as long as the container. */
  readonly stays?: boolean;
  /** Victims whose death undoes the verb's result. */
  readonly endsWith?: readonly Victim[];
  /** Checks the state of `one` after the command has succeeded. */
  readonly done: (engine: Engine) => Promise<void>;
  /** Repeats the verb as the next command, which finds the remains of the killed one. */
  readonly again: (engine: Engine) => Promise<unknown>;
}

const name = 'one';
const image = 'busybox';
const command = ['sleep', '1000'];
const exec = ['sh', '-c', 'echo x > /joined'];

const create = async ({ containers }: Engine): Promise<unknown> => await containers.create({ image, name, command });
const start = async ({ containers }: Engine): Promise<void> => await containers.start(name);
const createAndStart = async (engine: Engine): Promise<void> => {
  await create(engine);
  await start(engine);
};
const remove = async (engine: Engine): Promise<void> => {
  if ((await inspectState(engine, name)) !== undefined) await engine.containers.remove(name, { force: true });
};

const is =
  (status: string) =>
  async (engine: Engine): Promise<void> =>
    assert.equal((await inspectState(engine, name))?.Status, status);
const assertGone = async (engine: Engine): Promise<void> => assert.equal(await inspectState(engine, name), undefined);
const runs = async (engine: Engine): Promise<void> => {
  if ((await inspectState(engine, name)) === undefined) await create(engine);
  await start(engine);
  await is('running')(engine);
};
const assertJoined = async (engine: Engine): Promise<void> => {
  const state = await inspectState(engine, name);
  assert.ok(existsSync(`/proc/${state?.Pid}/root/joined`), 'what joined has done its work');
};
const joinsAgain = async (engine: Engine): Promise<void> => {
  assert.equal((await inspectState(engine, name))?.Status, 'running', 'the container goes on');
  await using attached = await engine.containers.exec(name, { command: exec });
  assert.equal(await attached.exitCode, 0);
  await assertJoined(engine);
};

export const killedVerbs: readonly KilledVerb[] = [
  {
    name: 'create',
    victims: ['command'],
    args: ['create', '--name', name, image, ...command],
    runtimes: 0,
    done: is('created'),
    again: runs,
  },
  {
    name: 'start',
    victims: ['command', 'conmon', 'runc', 'init', 'all'],
    prepare: create,
    args: ['start', name],
    runtimes: 2,
    endsWith: ['conmon', 'init', 'all'],
    done: is('running'),
    again: runs,
  },
  {
    name: 'run -d',
    victims: ['command', 'conmon', 'runc', 'init', 'all'],
    args: ['run', '-d', '--name', name, image, ...command],
    runtimes: 2,
    endsWith: ['conmon', 'init', 'all'],
    done: is('running'),
    again: runs,
  },
  {
    name: 'run --rm',
    victims: ['command', 'runc', 'init', 'all'],
    args: ['run', '--rm', '--name', name, image, ...command],
    runtimes: 1,
    stays: true,
    // The container is killed.
    done: assertGone,
    again: remove,
  },
  {
    name: 'exec',
    victims: ['command', 'runc', 'all'],
    prepare: createAndStart,
    args: ['exec', name, ...exec],
    runtimes: 1,
    done: assertJoined,
    again: joinsAgain,
  },
  {
    name: 'exec -d',
    victims: ['command', 'conmon', 'runc', 'all'],
    prepare: createAndStart,
    args: ['exec', '-d', name, ...exec],
    runtimes: 1,
    // The process may still run.
    done: is('running'),
    again: joinsAgain,
  },
  {
    name: 'stop',
    victims: ['command', 'conmon', 'all'],
    prepare: createAndStart,
    args: ['stop', '-t', '0', name],
    isSupervised: true,
    runtimes: 0,
    done: is('exited'),
    again: async (engine) => {
      await engine.containers.stop(name, { timeoutSeconds: 0 });
      await is('exited')(engine);
      await runs(engine);
    },
  },
  {
    name: 'rm',
    victims: ['command'],
    prepare: create,
    args: ['rm', name],
    runtimes: 0,
    done: assertGone,
    again: remove,
  },
  {
    name: 'rm -f',
    victims: ['command', 'conmon', 'all'],
    prepare: createAndStart,
    args: ['rm', '-f', name],
    isSupervised: true,
    runtimes: 0,
    done: assertGone,
    again: remove,
  },
];
