import type { LogEntry } from '../../containers/supervised/read-log.ts';
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
 * The containers of a store. A started container keeps running when this program ends, however it ends. `name` is a
 * container's name, its ID or the beginning of one. For a name every method throws ERR_CONTAINER_NOT_FOUND and
 * ERR_CONTAINER_AMBIGUOUS, beside the codes listed at the method.
 *
 * Exit codes are the process's own, or 128 plus the signal's number after a kill; 255 when the end was not observed, as
 * after a crash of the machine.
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
   * Creates a container without starting it. Everything that can be checked is checked first, so a failure leaves nothing.
   *
   * @throws ERR_IMAGE_NOT_FOUND, ERR_IMAGE_NOT_UNPACKED, ERR_IMAGE_PLATFORM, ERR_IMAGE_OS, ERR_PLATFORM_INVALID,
   * ERR_CONTAINER_NAME_INVALID, ERR_CONTAINER_NAME_IN_USE, ERR_COMMAND_MISSING,
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
   * Starts a container in the background. Resolves once its process runs. Does nothing to a running container. An abort
   * before the start leaves the container as it was.
   *
   * @throws ERR_CONTAINER_START with docker's exit code (125, 126, 127) as `details.exitCode`, ERR_CONTAINER_START_REFUSED
   * for a paused container.
   */
  start(name: string, options: AbortOptions = {}): Promise<void> {
    return this.#calls.call(
      () => import('../containers/verbs/start.ts'),
      options,
      ({ startContainer }, store, own) => startContainer(store, name, own),
    );
  }

  /**
   * Starts a container attached to its streams, so that no byte of its output is missed. Attaches to a container that runs
   * already. Throws as {@link start} and {@link attach}.
   */
  startAttached(name: string, options: StartAttachedOptions = {}): Promise<AttachedContainer> {
    return this.#calls.open(
      () => import('../containers/verbs/attach.ts'),
      options,
      ({ startAttached }, store, own, onEnded) => watchExit(startAttached(store, name, own), onEnded),
    );
  }

  /**
   * Attaches to the streams of a running container: output from now on, and standard input. Disposal or an abort detaches;
   * the container keeps running. While an attached reader does not read, the container's writes wait.
   *
   * @throws ERR_CONTAINER_ATTACH_REFUSED for a container that is stopped, paused, or run in the foreground by a command.
   */
  attach(name: string, options: AbortOptions = {}): Promise<AttachedContainer> {
    return this.#calls.open(
      () => import('../containers/verbs/attach.ts'),
      options,
      ({ attachContainer }, store, own, onEnded) => watchExit(attachContainer(store, name, own), onEnded),
    );
  }

  /**
   * Sends a container its stop signal, kills it after `timeoutSeconds`, and resolves when it has ended. Does nothing to a
   * stopped container. An abort stops the waiting; the signal has been sent.
   *
   * @throws ERR_SIGNAL_INVALID, ERR_CONTAINER_NOT_KILLED.
   */
  stop(name: string, options: StopOptions = {}): Promise<void> {
    return this.#calls.call(
      () => import('../containers/verbs/stop.ts'),
      options,
      ({ stopContainer }, store, own) => stopContainer(store, name, own),
    );
  }

  /** Stops a container if it runs, and starts it again. Throws as {@link stop} and {@link start}. */
  restart(name: string, options: StopOptions = {}): Promise<void> {
    return this.#calls.call(
      () => import('../containers/verbs/restart.ts'),
      options,
      ({ restartContainer }, store, own) => restartContainer(store, name, own),
    );
  }

  /**
   * Freezes all processes of a running container.
   *
   * @throws ERR_CONTAINER_NOT_RUNNING, ERR_CONTAINER_PAUSED when it is paused already.
   */
  pause(name: string, options: AbortOptions = {}): Promise<void> {
    return this.#calls.call(
      () => import('../containers/verbs/pause.ts'),
      options,
      ({ pauseByName }, store, own) => pauseByName(store, name, own),
    );
  }

  /**
   * Resumes all processes of a paused container.
   *
   * @throws ERR_CONTAINER_PAUSED when it is not paused.
   */
  unpause(name: string, options: AbortOptions = {}): Promise<void> {
    return this.#calls.call(
      () => import('../containers/verbs/pause.ts'),
      options,
      ({ unpauseContainer }, store, own) => unpauseContainer(store, name, own),
    );
  }

  /**
   * Runs a further process in a running container. Read its output from `streams`, wait for its end with `exitCode`. Disposal
   * or an abort detaches: the process keeps running.
   *
   * @throws ERR_CONTAINER_NOT_RUNNING, ERR_EXEC_REFUSED for a paused container, ERR_EXEC with docker's exit code as
   * `details.exitCode`, ERR_COMMAND_MISSING, ERR_COMMAND_INVALID, ERR_ENVIRONMENT_INVALID, ERR_WORKING_DIRECTORY_INVALID,
   * ERR_USER_UNKNOWN, ERR_USER_INVALID, ERR_OPTION_INVALID.
   */
  exec(name: string, options: ExecOptions & { readonly stdio: 'inherit' | 'ignore' }): Promise<Exec>;
  exec(name: string, options: ExecOptions & { readonly stdio?: 'pipe' }): Promise<AttachedExec>;
  exec(name: string, options: ExecOptions): Promise<Exec | AttachedExec> {
    return this.#calls.open(
      () => import('../containers/verbs/exec.ts'),
      options,
      ({ execInContainer }, store, own, onEnded) => watchExit(execInContainer(store, name, own), onEnded),
    );
  }

  /**
   * Lists the processes of a running container by the host's ps(1). Process IDs are the host's.
   *
   * @throws ERR_CONTAINER_NOT_RUNNING, ERR_PS for options that ps refuses or that leave out the PID, ERR_PROGRAM_MISSING.
   */
  top(name: string, options: TopOptions = {}): Promise<ProcessTable> {
    return this.#calls.call(
      () => import('../containers/verbs/top.ts'),
      options,
      ({ topOfContainer }, store, own) => topOfContainer(store, name, own),
    );
  }

  /**
   * Sends a signal to the main process of a running container. The default, KILL, ends all its processes, and the promise
   * then resolves when the container has ended.
   *
   * @throws ERR_CONTAINER_NOT_RUNNING, ERR_SIGNAL_INVALID, ERR_CONTAINER_NOT_KILLED.
   */
  kill(name: string, options: KillOptions = {}): Promise<void> {
    return this.#calls.call(
      () => import('../containers/verbs/kill.ts'),
      options,
      ({ killContainer }, store, own) => killContainer(store, name, own),
    );
  }

  /** Waits until a container has ended and returns its exit code. Returns at once for a container that does not run. */
  wait(name: string, options: AbortOptions = {}): Promise<number> {
    return this.#calls.call(
      () => import('../containers/verbs/wait.ts'),
      options,
      ({ waitForContainer }, store, own) => waitForContainer(store, name, own),
    );
  }

  /**
   * Removes a stopped container with its writable layer and its log; with `force` kills a running one first. Quick, whatever
   * its size: files are deleted in the background.
   *
   * @throws ERR_CONTAINER_RUNNING, ERR_CONTAINER_NOT_KILLED, ERR_CONTAINER_REMOVAL.
   */
  remove(name: string, options: RemoveContainerOptions = {}): Promise<void> {
    return this.#calls.call(
      () => import('../containers/verbs/remove.ts'),
      options,
      ({ removeContainer }, store, own) => removeContainer(store, name, own),
    );
  }

  /**
   * Gives a container another name.
   *
   * @throws ERR_CONTAINER_NAME_INVALID, ERR_CONTAINER_NAME_IN_USE, ERR_CONTAINER_NAME_SAME.
   */
  rename(name: string, newName: string, options: AbortOptions = {}): Promise<void> {
    return this.#calls.call(
      () => import('../containers/verbs/rename.ts'),
      options,
      ({ renameContainer }, store, own) => renameContainer(store, name, newName, own),
    );
  }

  /**
   * Lists the running containers, or with `all` every one, newest first. Filters are those of `docker ps`.
   *
   * @throws ERR_FILTER_INVALID, and ERR_CONTAINER_NOT_FOUND for the containers that `before` and `since` name.
   */
  list(options: ListContainersOptions = {}): Promise<ContainerSummary[]> {
    return this.#calls.call(
      () => import('../containers/verbs/list.ts'),
      options,
      ({ listContainers }, store, own) => listContainers(store, own),
    );
  }

  /** Returns the document that `docker inspect` prints for a container, with docker's keys and units. */
  inspect(name: string, options: InspectContainerOptions = {}): Promise<{ readonly [key: string]: JsonValue }> {
    return this.#calls.call(
      () => import('../docker/container-document.ts'),
      options,
      ({ inspectContainer }, store, own) => inspectContainer(store, name, own),
    );
  }

  /**
   * Yields the files that a container has added, changed or deleted: directories before their content, names in byte order.
   *
   * @throws ERR_CONTAINER_CHANGED when the container is removed meanwhile.
   */
  diff(name: string, options: AbortOptions = {}): AsyncGenerator<ListedChange, void> {
    return this.#calls.stream(
      () => import('../containers/verbs/diff.ts'),
      options,
      ({ diffContainer }, store, own) => diffContainer(store, name, own),
    );
  }

  /**
   * Copies files out of a container, running or not, to a path of the host or as a tar stream, by the rules of `docker cp`.
   * Returns the size of the tar in bytes. After a failure some files may have been written.
   *
   * @throws ERR_COPY_NOT_FOUND, ERR_COPY_REFUSED, ERR_COPY_NO_SIZE, ERR_CONTAINER_CHANGED, ERR_ARCHIVE_ENTRY, ERR_NO_SPACE.
   */
  copyFrom(name: string, request: CopyFromRequest): Promise<number> {
    return this.#calls.call(
      () => import('../containers/verbs/copy.ts'),
      request,
      ({ copyFromContainer }, store, own) => copyFromContainer(store, name, own),
    );
  }

  /**
   * Copies files from a path of the host or a tar stream into a container, running or not. A stopped container cannot start
   * meanwhile. Returns the size of the tar in bytes. After a failure some files may have been written.
   *
   * @throws ERR_COPY_MOUNTED, ERR_COPY_READ_ONLY, and as {@link copyFrom}.
   */
  copyTo(name: string, request: CopyToRequest): Promise<number> {
    return this.#calls.call(
      () => import('../containers/verbs/copy.ts'),
      request,
      ({ copyToContainer }, store, own) => copyToContainer(store, name, own),
    );
  }

  /**
   * Yields the log of a container, at most one line an entry: up to now, or with `follow` until the container ends.
   *
   * @throws ERR_TIME_INVALID, ERR_LOG_NOT_KEPT for the logging driver `none`.
   */
  async *logs(name: string, options: LogsOptions = {}): AsyncGenerator<LogEntry> {
    for await (const entries of this.logBatches(name, options)) yield* entries;
  }

  /** Yields the entries of {@link logs} several at a time, which is much faster for long logs. */
  logBatches(name: string, options: LogsOptions = {}): AsyncGenerator<readonly LogEntry[], void> {
    return this.#calls.stream(
      () => import('../containers/verbs/logs.ts'),
      options,
      ({ containerLogs }, store, own) => containerLogs(store, name, own),
    );
  }

  /**
   * Creates a container and runs it in the foreground to its end. Output arrives as events, and the process waits for a slow
   * reader. Disposal or an abort kills the container.
   *
   * @throws ERR_CONTAINER_START with docker's exit code (125, 126, 127) as `details.exitCode`, and as {@link create}.
   */
  run(request: RunRequest): Operation<RunEvent, RunResult> {
    return this.#calls.operation(
      () => import('../containers/verbs/run.ts'),
      request,
      ({ runContainer }, store, control) => runContainer(store, request, control),
    );
  }

  /**
   * Creates an image from a container's image and its changes to files. The container stays as it is, paused while its files
   * are copied. The image is on the disk and has its name when `result` resolves.
   *
   * @throws ERR_CONTAINER_PAUSE, ERR_CONTAINER_CHANGED, ERR_REFERENCE_INVALID, ERR_TAG_REFUSED, ERR_CHANGE_INVALID.
   */
  commit(name: string, request: CommitRequest = {}): Operation<CommitEvent, RecordedImage> {
    return this.#calls.storing(
      () => import('../images/commit-container.ts'),
      request,
      ({ commitContainer }, store, control) => commitContainer(store, name, request, control),
    );
  }

  /**
   * Writes all files of a container into one uncompressed tar, the same bytes for the same files. An output file appears
   * under its name only when complete.
   *
   * @throws ERR_CONTAINER_CHANGED, ERR_LAYER_SOURCE_CHANGED, ERR_OUTPUT_INVALID, ERR_OUTPUT_FAILED.
   */
  export(name: string, request: ExportRequest): Operation<ExportEvent, ExportResult> {
    return this.#calls.operation(
      () => import('../containers/verbs/export.ts'),
      request,
      ({ exportContainer }, store, control) => exportContainer(store, name, request, control),
    );
  }

  /**
   * Removes all stopped containers with their writable layers and logs. Returns their IDs and the freed bytes.
   *
   * @throws ERR_FILTER_INVALID, ERR_FILTER_REPEATED, ERR_TIME_INVALID.
   */
  prune(request: PruneContainersRequest = {}): Promise<PrunedContainers> {
    return this.#calls.call(
      () => import('../containers/verbs/prune.ts'),
      request,
      ({ pruneContainers }, store, own) => pruneContainers(store, own),
    );
  }
}

/** Calls `onEnded` when the process has ended or was detached from: from then on there is nothing to close. */
async function watchExit<Opened extends Exec>(opening: Promise<Opened>, onEnded: () => void): Promise<Opened> {
  const opened = await opening;
  opened.exitCode.then(onEnded, onEnded);
  return opened;
}
