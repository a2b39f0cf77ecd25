import { Attachment, type TerminalSize } from '../../../containers/attach/attachment.ts';
import { readPid } from '../../../containers/runtime/bundle.ts';
import { StrataError } from '../../../errors/index.ts';
import type { AbortOptions } from '../../../lib/abort.ts';
import type { ContainerRecord } from '../../../metadata/containers.ts';
import type { Store } from '../../../store/store.ts';
import { errnoOf } from '../../../sys/errno.ts';
import { identify, type ProcessIdentity } from '../../../sys/process-identity.ts';
import { noteContainerEvent } from '../../events/note-container-event.ts';
import { perform } from '../../perform.ts';
import { findReconciled, processOf } from '../state/find-reconciled.ts';
import { bundleOf } from '../state/locations.ts';
import { definitionOf, isRunning, stateOf } from '../state/state.ts';
import { startContainer } from './start.ts';
import { waitForEnd } from './wait.ts';

/** A container with its streams attached. Disposal detaches; the container keeps running. */
export interface AttachedContainer extends AsyncDisposable {
  readonly id: string;
  /** Output to iterate over, and standard input to write to. */
  readonly streams: Attachment;
  /** True when the process has a terminal: output is then one stream. */
  readonly terminal: boolean;
  /** True when standard input is open. */
  readonly interactive: boolean;
  /** Exit code, once the container has ended and its run is cleared. Rejects when this is disposed of before. */
  readonly exitCode: Promise<number>;
}

/** Options of `containers.startAttached`. */
export interface StartAttachedOptions extends AbortOptions {
  /** Size of its terminal, if it has one, set before its process starts. */
  readonly terminalSize?: TerminalSize | undefined;
}

/**
 * Attaches to the streams of a running container, from now on. An abort detaches, as disposal does. Throws
 * ERR_CONTAINER_NOT_FOUND, ERR_CONTAINER_ATTACH_REFUSED for a container that is stopped, paused or has no supervisor.
 */
export async function attachContainer(
  store: Store,
  name: string,
  options: AbortOptions = {},
): Promise<AttachedContainer> {
  const record = await findReconciled(store, name, options);
  if (!isRunning(store.metadata, record)) throw stoppedRefusal();
  const { status, attended } = stateOf(record);
  if (status === 'paused')
    throw attachRefusal('You cannot attach to a paused container, unpause it first', 'Unpause it.');
  if (attended === true) {
    throw attachRefusal(
      `container ${record.id.slice(0, 12)}: its streams belong to the command that runs it`,
      foregroundHint,
    );
  }
  const streams = await connect(store, record.id, processOf(store, record), options);
  await noteAttach(store, record);
  return createHandle(store, record, streams, options);
}

const foregroundHint = 'To attach to it, run it in the background, or without removal at its end.';

/**
 * Starts a container attached to its streams from the first byte on. Attaches to a running one. Throws what
 * `startContainer` and {@link attachContainer} throw. An abort before the start leaves the container as it was.
 */
export async function startAttached(
  store: Store,
  name: string,
  options: StartAttachedOptions = {},
): Promise<AttachedContainer> {
  let attached: { readonly record: ContainerRecord; readonly streams: Attachment } | undefined;
  try {
    await startContainer(store, name, {
      ...options,
      onCreated: async (record) => {
        const pid = readPid(bundleOf(store.layout, record.id).pid);
        const streams = await connect(store, record.id, pid === undefined ? undefined : identify(pid), options);
        attached = { record, streams };
        if (options.terminalSize !== undefined && definitionOf(record).config.Tty === true)
          await streams.presize(options.terminalSize, options);
        // As with docker, before the start.
        await noteAttach(store, record);
      },
    });
  } catch (error) {
    await attached?.streams[Symbol.asyncDispose]();
    throw error;
  }
  return attached === undefined
    ? await attachContainer(store, name, options)
    : createHandle(store, attached.record, attached.streams, options);
}

const noteAttach = async ({ metadata }: Store, record: ContainerRecord): Promise<void> =>
  await noteContainerEvent(metadata, record, { action: 'attach' });

function createHandle(
  store: Store,
  record: ContainerRecord,
  streams: Attachment,
  { signal }: AbortOptions,
): AttachedContainer {
  const closing = new AbortController();
  const either = signal ? AbortSignal.any([signal, closing.signal]) : closing.signal;
  // Started at once: a container that is removed at its end leaves its exit code only for a short while.
  const exitCode = perform(() => waitForEnd(store, record, { signal: either }), { signal: either });
  exitCode.catch(() => undefined);
  const detach = (): void => void streams[Symbol.asyncDispose]();
  either.addEventListener('abort', detach, { once: true });
  if (either.aborted) detach();
  const { config } = definitionOf(record);
  return {
    id: record.id,
    streams,
    terminal: config.Tty === true,
    interactive: config.OpenStdin === true,
    exitCode,
    [Symbol.asyncDispose]: async () => {
      closing.abort(new DOMException('detached', 'AbortError'));
      await streams[Symbol.asyncDispose]();
      await exitCode.catch(() => undefined);
    },
  };
}

async function connect(
  store: Store,
  id: string,
  process: ProcessIdentity | undefined,
  { signal }: AbortOptions,
): Promise<Attachment> {
  try {
    return await Attachment.connect(bundleOf(store.layout, id), { process, signal });
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ECONNREFUSED') throw stoppedRefusal();
    throw error;
  }
}

const stoppedRefusal = (): StrataError =>
  attachRefusal('You cannot attach to a stopped container, start it first', 'Start it.');

const attachRefusal = (message: string, hint: string): StrataError =>
  new StrataError({ code: 'ERR_CONTAINER_ATTACH_REFUSED', message, hint });
