import type { LogEntry } from '../../containers/supervised/log-file.ts';
import type { JsonValue } from '../../errors/index.ts';
import type { ListedChange } from '../../layer/diff/list-changes.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import type { AttachedContainer, StartAttachedOptions } from './attach.ts';
import type { CopyFromRequest, CopyToRequest } from './copy.ts';
import type { CreatedContainer, CreateRequest } from './create-types.ts';
import type { ExecOptions } from './exec.ts';
import type { InspectContainerOptions } from './inspect.ts';
import type { KillOptions } from './kill.ts';
import type { ContainerSummary, ListContainersOptions } from './list.ts';
import type { LogsOptions } from './logs.ts';
import type { ContainerParts } from './parts.ts';
import type { RemoveContainerOptions } from './remove.ts';
import type { StartOptions } from './start.ts';
import type { StopOptions } from './stop.ts';
import type { ProcessTable, TopOptions } from './top.ts';

/**
 * The containers of a store. They live on when this program ends, however it ends. `name` is a container's name, its ID or
 * the beginning of one; each method throws ERR_CONTAINER_NOT_FOUND and ERR_CONTAINER_AMBIGUOUS for it, and what the
 * function of its file says.
 */
export class ContainerVerbs {
  readonly #parts: ContainerParts;

  constructor(parts: ContainerParts) {
    this.#parts = parts;
  }

  /** Makes a container that waits for its start. */
  async create(request: CreateRequest): Promise<CreatedContainer> {
    const { createContainer } = await import('./create.ts');
    return await createContainer(this.#parts, request);
  }

  /** Starts a container and returns; nothing happens to one that runs. */
  async start(name: string, options: StartOptions = {}): Promise<void> {
    const { startContainer } = await import('./start.ts');
    await startContainer(this.#parts, name, options);
  }

  /** Starts a container with its streams in our hands from the first byte on; one that runs is attached to. */
  async startAttached(name: string, options: StartAttachedOptions = {}): Promise<AttachedContainer> {
    const { startAttached } = await import('./attach.ts');
    return await startAttached(this.#parts, name, options);
  }

  /** The streams of a running container, from now on. */
  async attach(name: string, options: AbortOptions = {}): Promise<AttachedContainer> {
    const { attachContainer } = await import('./attach.ts');
    return await attachContainer(this.#parts, name, options);
  }

  /** Asks a container to end, kills it when it does not in time, waits until it has. */
  async stop(name: string, options: StopOptions = {}): Promise<void> {
    const { stopContainer } = await import('./stop.ts');
    await stopContainer(this.#parts, name, options);
  }

  /** Stops a container, if it runs, and starts it again. */
  async restart(name: string, options: StopOptions = {}): Promise<void> {
    const { restartContainer } = await import('./restart.ts');
    await restartContainer(this.#parts, name, options);
  }

  /** Stops all processes of a running container where they are. */
  async pause(name: string, options: AbortOptions = {}): Promise<void> {
    const { pauseByName } = await import('./pause.ts');
    await pauseByName(this.#parts, name, options);
  }

  /** Lets the processes of a paused container go on. */
  async unpause(name: string, options: AbortOptions = {}): Promise<void> {
    const { unpauseContainer } = await import('./pause.ts');
    await unpauseContainer(this.#parts, name, options);
  }

  /** Runs a process in a running container with this process's own streams; answers its exit code. */
  async execHere(name: string, options: ExecOptions): Promise<number> {
    const { execHere } = await import('./exec.ts');
    return await execHere(this.#parts, name, options);
  }

  /** Lets a process join a running container and leaves it to itself. */
  async execBehind(name: string, options: ExecOptions): Promise<void> {
    const { execBehind } = await import('./exec.ts');
    await execBehind(this.#parts, name, options);
  }

  /** Lets a process join a running container with its streams, or its terminal, in our hands. */
  async execAttached(name: string, options: ExecOptions): Promise<AttachedContainer> {
    const { execAttached } = await import('./exec.ts');
    return await execAttached(this.#parts, name, options);
  }

  /** What ps(1) says of the processes of a running container. */
  async top(name: string, options: TopOptions = {}): Promise<ProcessTable> {
    const { topOfContainer } = await import('./top.ts');
    return await topOfContainer(this.#parts, name, options);
  }

  /** Sends a signal to a running container. */
  async kill(name: string, options: KillOptions = {}): Promise<void> {
    const { killContainer } = await import('./kill.ts');
    await killContainer(this.#parts, name, options);
  }

  /** Waits for a container's end and answers its exit code. */
  async wait(name: string, options: AbortOptions = {}): Promise<number> {
    const { waitForContainer } = await import('./wait.ts');
    return await waitForContainer(this.#parts, name, options);
  }

  /** Removes a container that does not run, or with `force` any. */
  async remove(name: string, options: RemoveContainerOptions = {}): Promise<void> {
    const { removeContainer } = await import('./remove.ts');
    await removeContainer(this.#parts, name, options);
  }

  async rename(name: string, newName: string, options: AbortOptions = {}): Promise<void> {
    const { renameContainer } = await import('./rename.ts');
    await renameContainer(this.#parts, name, newName, options);
  }

  /** Containers, newest first. */
  async list(options: ListContainersOptions = {}): Promise<ContainerSummary[]> {
    const { listContainers } = await import('./list.ts');
    return await listContainers(this.#parts, options);
  }

  /** Docker's document for a container. */
  async inspect(name: string, options: InspectContainerOptions = {}): Promise<{ readonly [key: string]: JsonValue }> {
    const { inspectContainer } = await import('./inspect.ts');
    return await inspectContainer(this.#parts, name, options);
  }

  /** What a container has changed of its image's files. */
  async diff(name: string, options: AbortOptions = {}): Promise<readonly ListedChange[]> {
    const { diffContainer } = await import('./diff.ts');
    return await diffContainer(this.#parts, name, options);
  }

  /** Copies files out of a container; answers the bytes of their tar. */
  async copyFrom(name: string, request: CopyFromRequest): Promise<number> {
    const { copyFromContainer } = await import('./copy.ts');
    return await copyFromContainer(this.#parts, name, request);
  }

  /** Copies files into a container; answers the bytes of their tar. */
  async copyTo(name: string, request: CopyToRequest): Promise<number> {
    const { copyToContainer } = await import('./copy.ts');
    return await copyToContainer(this.#parts, name, request);
  }

  /** What a container has written so far. */
  async *logs(name: string, options: LogsOptions = {}): AsyncGenerator<LogEntry> {
    const { containerLogs } = await import('./logs.ts');
    yield* containerLogs(this.#parts, name, options);
  }
}
