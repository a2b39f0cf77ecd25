import type { LogEntry } from '../../containers/supervised/log-file.ts';
import { firstCause, type JsonValue } from '../../errors/index.ts';
import type { ListedChange } from '../../layer/diff/list-changes.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import type { Store } from '../../store/store.ts';
import type { InspectContainerOptions } from '../docker/container-document.ts';
import { performFrom, toRejection } from '../perform.ts';
import { namedIfFull } from '../storing.ts';
import type { CreatedContainer, CreateRequest } from './create/create-types.ts';
import type { AttachedContainer, StartAttachedOptions } from './verbs/attach.ts';
import type { CopyFromRequest, CopyToRequest } from './verbs/copy.ts';
import type { ExecOptions } from './verbs/exec.ts';
import type { KillOptions } from './verbs/kill.ts';
import type { ContainerSummary, ListContainersOptions } from './verbs/list.ts';
import type { LogsOptions } from './verbs/logs.ts';
import type { RemoveContainerOptions } from './verbs/remove.ts';
import type { StopOptions } from './verbs/stop.ts';
import type { ProcessTable, TopOptions } from './verbs/top.ts';

/**
 * The containers of a store. They live on when this program ends, however it ends. `name` is a container's name, its ID or
 * the beginning of one; each method throws ERR_CONTAINER_NOT_FOUND and ERR_CONTAINER_AMBIGUOUS for it, and what the
 * function of its file says.
 */
export class ContainerVerbs {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Makes a container that waits for its start. */
  create(request: CreateRequest): Promise<CreatedContainer> {
    return this.#perform(
      import('./create/create.ts'),
      ({ createContainer }) => createContainer(this.#store, request),
      request,
    );
  }

  /** Starts a container and returns; nothing happens to one that runs. */
  start(name: string, options: AbortOptions = {}): Promise<void> {
    return this.#perform(
      import('./verbs/start.ts'),
      ({ startContainer }) => startContainer(this.#store, name, options),
      options,
    );
  }

  /** Starts a container with its streams in our hands from the first byte on; one that runs is attached to. */
  startAttached(name: string, options: StartAttachedOptions = {}): Promise<AttachedContainer> {
    return this.#perform(
      import('./verbs/attach.ts'),
      ({ startAttached }) => startAttached(this.#store, name, options),
      options,
    );
  }

  /** The streams of a running container, from now on. */
  attach(name: string, options: AbortOptions = {}): Promise<AttachedContainer> {
    return this.#perform(
      import('./verbs/attach.ts'),
      ({ attachContainer }) => attachContainer(this.#store, name, options),
      options,
    );
  }

  /** Asks a container to end, kills it when it does not in time, waits until it has. */
  stop(name: string, options: StopOptions = {}): Promise<void> {
    return this.#perform(
      import('./verbs/stop.ts'),
      ({ stopContainer }) => stopContainer(this.#store, name, options),
      options,
    );
  }

  /** Stops a container, if it runs, and starts it again. */
  restart(name: string, options: StopOptions = {}): Promise<void> {
    return this.#perform(
      import('./verbs/restart.ts'),
      ({ restartContainer }) => restartContainer(this.#store, name, options),
      options,
    );
  }

  /** Stops all processes of a running container where they are. */
  pause(name: string, options: AbortOptions = {}): Promise<void> {
    return this.#perform(
      import('./verbs/pause.ts'),
      ({ pauseByName }) => pauseByName(this.#store, name, options),
      options,
    );
  }

  /** Lets the processes of a paused container go on. */
  unpause(name: string, options: AbortOptions = {}): Promise<void> {
    return this.#perform(
      import('./verbs/pause.ts'),
      ({ unpauseContainer }) => unpauseContainer(this.#store, name, options),
      options,
    );
  }

  /** Runs a process in a running container with this process's own streams; answers its exit code. */
  execHere(name: string, options: ExecOptions): Promise<number> {
    return this.#perform(import('./verbs/exec.ts'), ({ execHere }) => execHere(this.#store, name, options), options);
  }

  /** Lets a process join a running container and leaves it to itself. */
  execBehind(name: string, options: ExecOptions): Promise<void> {
    return this.#perform(
      import('./verbs/exec.ts'),
      ({ execBehind }) => execBehind(this.#store, name, options),
      options,
    );
  }

  /** Lets a process join a running container with its streams, or its terminal, in our hands. */
  execAttached(name: string, options: ExecOptions): Promise<AttachedContainer> {
    return this.#perform(
      import('./verbs/exec.ts'),
      ({ execAttached }) => execAttached(this.#store, name, options),
      options,
    );
  }

  /** What ps(1) says of the processes of a running container. */
  top(name: string, options: TopOptions = {}): Promise<ProcessTable> {
    return this.#perform(
      import('./verbs/top.ts'),
      ({ topOfContainer }) => topOfContainer(this.#store, name, options),
      options,
    );
  }

  /** Sends a signal to a running container. */
  kill(name: string, options: KillOptions = {}): Promise<void> {
    return this.#perform(
      import('./verbs/kill.ts'),
      ({ killContainer }) => killContainer(this.#store, name, options),
      options,
    );
  }

  /** Waits for a container's end and answers its exit code. */
  wait(name: string, options: AbortOptions = {}): Promise<number> {
    return this.#perform(
      import('./verbs/wait.ts'),
      ({ waitForContainer }) => waitForContainer(this.#store, name, options),
      options,
    );
  }

  /** Removes a container that does not run, or with `force` any. */
  remove(name: string, options: RemoveContainerOptions = {}): Promise<void> {
    return this.#perform(
      import('./verbs/remove.ts'),
      ({ removeContainer }) => removeContainer(this.#store, name, options),
      options,
    );
  }

  rename(name: string, newName: string, options: AbortOptions = {}): Promise<void> {
    return this.#perform(
      import('./verbs/rename.ts'),
      ({ renameContainer }) => renameContainer(this.#store, name, newName, options),
      options,
    );
  }

  /** Containers, newest first. */
  list(options: ListContainersOptions = {}): Promise<ContainerSummary[]> {
    return this.#perform(
      import('./verbs/list.ts'),
      ({ listContainers }) => listContainers(this.#store, options),
      options,
    );
  }

  /** Docker's document for a container. */
  inspect(name: string, options: InspectContainerOptions = {}): Promise<{ readonly [key: string]: JsonValue }> {
    return this.#perform(
      import('../docker/container-document.ts'),
      ({ inspectContainer }) => inspectContainer(this.#store, name, options),
      options,
    );
  }

  /** What a container has changed of its image's files, by path. */
  async *diff(name: string, options: AbortOptions = {}): AsyncGenerator<ListedChange, void> {
    try {
      const { diffContainer } = await import('./verbs/diff.ts');
      yield* diffContainer(this.#store, name, options);
    } catch (error) {
      throw toRejection(error, options);
    }
  }

  /** Copies files out of a container; answers the bytes of their tar. */
  copyFrom(name: string, request: CopyFromRequest): Promise<number> {
    return this.#perform(
      import('./verbs/copy.ts'),
      ({ copyFromContainer }) => copyFromContainer(this.#store, name, request),
      request,
    );
  }

  /** Copies files into a container; answers the bytes of their tar. */
  copyTo(name: string, request: CopyToRequest): Promise<number> {
    return this.#perform(
      import('./verbs/copy.ts'),
      ({ copyToContainer }) => copyToContainer(this.#store, name, request),
      request,
    );
  }

  /** What a container has written so far. */
  async *logs(name: string, options: LogsOptions = {}): AsyncGenerator<LogEntry> {
    for await (const entries of this.logBatches(name, options)) yield* entries;
  }

  /** The same, several pieces at a time, which takes far less time for each. */
  async *logBatches(name: string, options: LogsOptions = {}): AsyncGenerator<readonly LogEntry[]> {
    try {
      const { containerLogs } = await import('./verbs/logs.ts');
      yield* containerLogs(this.#store, name, options);
    } catch (error) {
      throw toRejection(error, options);
    }
  }

  /** {@link performFrom}; a full disk is named as the store's when it is. */
  #perform<Module, Result>(
    module: Promise<Module>,
    verb: (module: Module) => Result | Promise<Result>,
    options: AbortOptions,
  ): Promise<Result> {
    const named = async (loaded: Module): Promise<Result> => {
      try {
        return await verb(loaded);
      } catch (error) {
        throw namedIfFull(firstCause(error), this.#store.layout.root);
      }
    };
    return performFrom(module, named, options);
  }
}
