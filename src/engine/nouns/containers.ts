import type { LogEntry } from '../../containers/supervised/log-file.ts';
import type { JsonValue } from '../../errors/index.ts';
import type { RecordedImage } from '../../images/record-image.ts';
import type { ListedChange } from '../../layer/diff/list-changes.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import type { Calls } from '../calls.ts';
import type { CreatedContainer, CreateRequest } from '../containers/create/create-types.ts';
import type { AttachedContainer, StartAttachedOptions } from '../containers/verbs/attach.ts';
import type { CopyFromRequest, CopyToRequest } from '../containers/verbs/copy.ts';
import type { AttachedExec, Exec, ExecOptions } from '../containers/verbs/exec.ts';
import type { ExportEvent, ExportRequest, ExportResult } from '../containers/verbs/export-types.ts';
import type { KillOptions } from '../containers/verbs/kill.ts';
import type { ContainerSummary, ListContainersOptions } from '../containers/verbs/list.ts';
import type { LogsOptions } from '../containers/verbs/logs.ts';
import type { PruneContainersRequest, PrunedContainers } from '../containers/verbs/prune.ts';
import type { RemoveContainerOptions } from '../containers/verbs/remove.ts';
import type { RunEvent, RunRequest, RunResult } from '../containers/verbs/run-types.ts';
import type { StopOptions } from '../containers/verbs/stop.ts';
import type { ProcessTable, TopOptions } from '../containers/verbs/top.ts';
import type { InspectContainerOptions } from '../docker/container-document.ts';
import type { CommitEvent, CommitRequest } from '../images/commit-types.ts';
import type { Operation } from '../operation.ts';

/**
 * The containers of a store. They live on when this program ends, however it ends. `name` is a container's name, its ID or
 * the beginning of one; each method throws ERR_CONTAINER_NOT_FOUND and ERR_CONTAINER_AMBIGUOUS for it, and the codes that stand
 * at the method.
 *
 * ```ts
 * const { id } = await engine.containers.create({ image: 'busybox', command: ['sleep', '60'] });
 * await engine.containers.start(id);
 * await using ls = await engine.containers.exec(id, { command: ['ls', '/'] });
 * for await (const { chunk } of ls.streams) process.stdout.write(chunk);
 * console.log(await ls.exitCode);
 * await engine.containers.remove(id, { force: true });
 * ```
 */
export class ContainerVerbs {
  readonly #calls: Calls;

  constructor(calls: Calls) {
    this.#calls = calls;
  }

  /**
   * Makes a container that waits for its start. Throws ERR_IMAGE_NOT_FOUND, ERR_IMAGE_NOT_UNPACKED, ERR_IMAGE_PLATFORM,
   * ERR_IMAGE_OS, ERR_PLATFORM_INVALID, ERR_CONTAINER_NAME_INVALID, ERR_CONTAINER_NAME_IN_USE, ERR_COMMAND_MISSING,
   * ERR_COMMAND_INVALID, ERR_ENVIRONMENT_INVALID, ERR_WORKING_DIRECTORY_INVALID, ERR_HOSTNAME_INVALID, ERR_SIGNAL_INVALID,
   * ERR_OPTION_INVALID, and for `host` ERR_MOUNT_INVALID, ERR_RESOURCES_INVALID, ERR_NAMESPACE_INVALID, ERR_RUNTIME_UNKNOWN,
   * ERR_CAPABILITY_UNKNOWN, ERR_CAPABILITY_UNAVAILABLE, ERR_SECURITY_OPTION_INVALID, ERR_SYSCTL_INVALID, ERR_DEVICE_UNUSABLE,
   * ERR_LOG_OPTION_INVALID, ERR_NOT_SUPPORTED_YET.
   */
  create(request: CreateRequest): Promise<CreatedContainer> {
    return this.#calls.call(
      () => import('../containers/create/create.ts'),
      request,
      ({ createContainer }, store, own) => createContainer(store, own),
    );
  }

  /**
   * Starts a container and returns; nothing happens to one that runs. Throws ERR_CONTAINER_START, with docker's exit code (125,
   * 126, 127) in its details, and ERR_CONTAINER_START_REFUSED.
   */
  start(name: string, options: AbortOptions = {}): Promise<void> {
    return this.#calls.call(
      () => import('../containers/verbs/start.ts'),
      options,
      ({ startContainer }, store, own) => startContainer(store, name, own),
    );
  }

  /**
   * Starts a container with its streams in our hands from the first byte on; one that runs is attached to. Throws as
   * {@link start} and {@link attach}.
   */
  startAttached(name: string, options: StartAttachedOptions = {}): Promise<AttachedContainer> {
    return this.#calls.open(
      () => import('../containers/verbs/attach.ts'),
      options,
      ({ startAttached }, store, own, ended) => untilExit(startAttached(store, name, own), ended),
    );
  }

  /**
   * Gives the streams of a running container, from now on. Throws ERR_CONTAINER_ATTACH_REFUSED for one that does not run or
   * whose streams are another's.
   */
  attach(name: string, options: AbortOptions = {}): Promise<AttachedContainer> {
    return this.#calls.open(
      () => import('../containers/verbs/attach.ts'),
      options,
      ({ attachContainer }, store, own, ended) => untilExit(attachContainer(store, name, own), ended),
    );
  }

  /**
   * Asks a container to end, kills it when it does not in time, waits until it has. Throws ERR_SIGNAL_INVALID,
   * ERR_CONTAINER_NOT_KILLED.
   */
  stop(name: string, options: StopOptions = {}): Promise<void> {
    return this.#calls.call(
      () => import('../containers/verbs/stop.ts'),
      options,
      ({ stopContainer }, store, own) => stopContainer(store, name, own),
    );
  }

  /** Stops a container, if it runs, and starts it again. Throws as {@link stop} and {@link start}. */
  restart(name: string, options: StopOptions = {}): Promise<void> {
    return this.#calls.call(
      () => import('../containers/verbs/restart.ts'),
      options,
      ({ restartContainer }, store, own) => restartContainer(store, name, own),
    );
  }

  /** Stops all processes of a running container where they are. Throws ERR_CONTAINER_NOT_RUNNING, ERR_CONTAINER_PAUSED. */
  pause(name: string, options: AbortOptions = {}): Promise<void> {
    return this.#calls.call(
      () => import('../containers/verbs/pause.ts'),
      options,
      ({ pauseByName }, store, own) => pauseByName(store, name, own),
    );
  }

  /** Lets the processes of a paused container go on. Throws ERR_CONTAINER_PAUSED for one that is not. */
  unpause(name: string, options: AbortOptions = {}): Promise<void> {
    return this.#calls.call(
      () => import('../containers/verbs/pause.ts'),
      options,
      ({ unpauseContainer }, store, own) => unpauseContainer(store, name, own),
    );
  }

  /**
   * Lets a process join a running container. What it returns can be streamed (`streams`), waited for (`exitCode`) or let go
   * (disposal). Throws ERR_CONTAINER_NOT_RUNNING, ERR_EXEC_REFUSED for a paused one, ERR_EXEC with docker's exit code in its
   * details, ERR_COMMAND_MISSING, ERR_COMMAND_INVALID, ERR_ENVIRONMENT_INVALID, ERR_WORKING_DIRECTORY_INVALID, ERR_USER_UNKNOWN,
   * ERR_USER_INVALID, ERR_OPTION_INVALID.
   */
  exec(name: string, options: ExecOptions & { readonly stdio: 'inherit' | 'ignore' }): Promise<Exec>;
  exec(name: string, options: ExecOptions & { readonly stdio?: 'pipe' }): Promise<AttachedExec>;
  exec(name: string, options: ExecOptions): Promise<Exec | AttachedExec> {
    return this.#calls.open(
      () => import('../containers/verbs/exec.ts'),
      options,
      ({ execInContainer }, store, own, ended) => untilExit(execInContainer(store, name, own), ended),
    );
  }

  /**
   * Returns what ps(1) says of the processes of a running container. Throws ERR_CONTAINER_NOT_RUNNING, ERR_PS for options that
   * ps refuses, ERR_PROGRAM_MISSING.
   */
  top(name: string, options: TopOptions = {}): Promise<ProcessTable> {
    return this.#calls.call(
      () => import('../containers/verbs/top.ts'),
      options,
      ({ topOfContainer }, store, own) => topOfContainer(store, name, own),
    );
  }

  /**
   * Sends a signal to a running container (default KILL, whose effect is waited for). Throws ERR_CONTAINER_NOT_RUNNING,
   * ERR_SIGNAL_INVALID, ERR_CONTAINER_NOT_KILLED.
   */
  kill(name: string, options: KillOptions = {}): Promise<void> {
    return this.#calls.call(
      () => import('../containers/verbs/kill.ts'),
      options,
      ({ killContainer }, store, own) => killContainer(store, name, own),
    );
  }

  /** Waits for a container's end and returns its exit code; at once for one that does not run. */
  wait(name: string, options: AbortOptions = {}): Promise<number> {
    return this.#calls.call(
      () => import('../containers/verbs/wait.ts'),
      options,
      ({ waitForContainer }, store, own) => waitForContainer(store, name, own),
    );
  }

  /**
   * Removes a container that does not run, or with `force` any, with its writable layer and its log. Throws
   * ERR_CONTAINER_RUNNING, ERR_CONTAINER_NOT_KILLED.
   */
  remove(name: string, options: RemoveContainerOptions = {}): Promise<void> {
    return this.#calls.call(
      () => import('../containers/verbs/remove.ts'),
      options,
      ({ removeContainer }, store, own) => removeContainer(store, name, own),
    );
  }

  /** Gives a container another name. Throws ERR_CONTAINER_NAME_INVALID, ERR_CONTAINER_NAME_IN_USE, ERR_CONTAINER_NAME_SAME. */
  rename(name: string, newName: string, options: AbortOptions = {}): Promise<void> {
    return this.#calls.call(
      () => import('../containers/verbs/rename.ts'),
      options,
      ({ renameContainer }, store, own) => renameContainer(store, name, newName, own),
    );
  }

  /**
   * Lists containers, newest first: those that run, or with `all` every one. Throws ERR_FILTER_INVALID, and
   * ERR_CONTAINER_NOT_FOUND for those of `before` and `since`.
   */
  list(options: ListContainersOptions = {}): Promise<ContainerSummary[]> {
    return this.#calls.call(
      () => import('../containers/verbs/list.ts'),
      options,
      ({ listContainers }, store, own) => listContainers(store, own),
    );
  }

  /** Returns docker's document for a container. */
  inspect(name: string, options: InspectContainerOptions = {}): Promise<{ readonly [key: string]: JsonValue }> {
    return this.#calls.call(
      () => import('../docker/container-document.ts'),
      options,
      ({ inspectContainer }, store, own) => inspectContainer(store, name, own),
    );
  }

  /** Lists what a container has changed of its image's files, by path. Throws ERR_CONTAINER_CHANGED. */
  diff(name: string, options: AbortOptions = {}): AsyncGenerator<ListedChange, void> {
    return this.#calls.stream(
      () => import('../containers/verbs/diff.ts'),
      options,
      ({ diffContainer }, store, own) => diffContainer(store, name, own),
    );
  }

  /**
   * Copies files out of a container, running or not, by docker's rules of `cp`; returns the bytes of their tar. Throws
   * ERR_COPY_NOT_FOUND, ERR_COPY_REFUSED, ERR_COPY_NO_SIZE, ERR_CONTAINER_CHANGED, ERR_ARCHIVE_ENTRY, ERR_NO_SPACE.
   */
  copyFrom(name: string, request: CopyFromRequest): Promise<number> {
    return this.#calls.call(
      () => import('../containers/verbs/copy.ts'),
      request,
      ({ copyFromContainer }, store, own) => copyFromContainer(store, name, own),
    );
  }

  /**
   * Copies files into a container, running or not; returns the bytes of their tar. Throws as {@link copyFrom}, and
   * ERR_COPY_SOURCE_NOT_FOUND, ERR_COPY_DESTINATION, ERR_COPY_MOUNTED, ERR_COPY_READ_ONLY.
   */
  copyTo(name: string, request: CopyToRequest): Promise<number> {
    return this.#calls.call(
      () => import('../containers/verbs/copy.ts'),
      request,
      ({ copyToContainer }, store, own) => copyToContainer(store, name, own),
    );
  }

  /** Yields what a container has written so far, or with `follow` to its end. Throws ERR_TIME_INVALID, ERR_LOG_NOT_KEPT. */
  async *logs(name: string, options: LogsOptions = {}): AsyncGenerator<LogEntry> {
    for await (const entries of this.logBatches(name, options)) yield* entries;
  }

  /** Yields what {@link logs} does, several pieces at a time, which takes far less time for each. */
  logBatches(name: string, options: LogsOptions = {}): AsyncGenerator<readonly LogEntry[], void> {
    return this.#calls.stream(
      () => import('../containers/verbs/logs.ts'),
      options,
      ({ containerLogs }, store, own) => containerLogs(store, name, own),
    );
  }

  /**
   * Runs a container in the foreground, to its end. The operation's disposal kills it. A container that cannot be started
   * gives ERR_CONTAINER_START, with docker's exit code (125, 126, 127) in its details; else it throws as {@link create}.
   */
  run(request: RunRequest): Operation<RunEvent, RunResult> {
    return this.#calls.operation(
      () => import('../containers/verbs/run.ts'),
      request,
      ({ runContainer }, store, control) => runContainer(store, request, control),
    );
  }

  /**
   * Makes an image of what a container changed, on top of its own, which stays as it is. Durable and named when it
   * resolves. Throws ERR_CONTAINER_PAUSE, ERR_CONTAINER_CHANGED, ERR_REFERENCE_INVALID, ERR_TAG_REFUSED, ERR_CHANGE_INVALID.
   */
  commit(name: string, request: CommitRequest = {}): Operation<CommitEvent, RecordedImage> {
    return this.#calls.storing(
      () => import('../images/commit-container.ts'),
      request,
      ({ commitContainer }, store, control) => commitContainer(store, name, request, control),
    );
  }

  /**
   * Writes all files a container shows into one tar, the same bytes for the same files. Throws ERR_CONTAINER_CHANGED,
   * ERR_LAYER_SOURCE_CHANGED, ERR_OUTPUT_INVALID, and what writing throws.
   */
  export(name: string, request: ExportRequest): Operation<ExportEvent, ExportResult> {
    return this.#calls.operation(
      () => import('../containers/verbs/export.ts'),
      request,
      ({ exportContainer }, store, control) => exportContainer(store, name, request, control),
    );
  }

  /**
   * Removes containers in which nothing runs, with their writable layers. Throws ERR_FILTER_INVALID, ERR_FILTER_REPEATED,
   * ERR_TIME_INVALID.
   */
  prune(request: PruneContainersRequest = {}): Promise<PrunedContainers> {
    return this.#calls.call(
      () => import('../containers/verbs/prune.ts'),
      request,
      ({ pruneContainers }, store, own) => pruneContainers(store, own),
    );
  }
}

/** Calls `ended` when the process has ended or was let go of: from then on there is nothing to close. */
async function untilExit<Opened extends Exec>(opening: Promise<Opened>, ended: () => void): Promise<Opened> {
  const opened = await opening;
  opened.exitCode.then(ended, ended);
  return opened;
}
