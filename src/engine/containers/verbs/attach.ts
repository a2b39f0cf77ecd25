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

/** A container whose streams are in our hands; disposal lets go of them, the container goes on. */
export interface AttachedContainer extends AsyncDisposable {
  readonly id: string;
  readonly streams: Attachment;
  /** It has a terminal. */
  readonly terminal: boolean;
  /** It takes standard input. */
  readonly interactive: boolean;
  /** Its exit code, once it has ended and is cleared up behind; rejects when this is disposed of before. */
  readonly exitCode: Promise<number>;
}

export interface StartAttachedOptions extends AbortOptions {
  /** Of its terminal, if it has one, before its process looks. */
  readonly terminalSize?: TerminalSize | undefined;
}

/**
 * The streams of a running container, from now on. An abort is a disposal. Throws ERR_CONTAINER_NOT_FOUND,
 * ERR_CONTAINER_ATTACH_REFUSED for one that does not run or has nobody to hold its streams.
 */
export async function attachContainer(
  store: Store,
  name: string,
  options: AbortOptions = {},
): Promise<AttachedContainer> {
  const record = await findReconciled(store, name, options);
  if (!isRunning(store.metadata, record)) throw stopped();
  const { status, attended } = stateOf(record);
  if (status === 'paused') throw refused('You cannot attach to a paused container, unpause it first');
  if (attended === true) {
    throw refused(`container ${record.id.slice(0, 12)}: its streams are the command's that runs it`, attendedHint);
  }
  const streams = await connect(store, record.id, processOf(store, record), options);
  await noteAttach(store, record);
  return attached(store, record, streams, options);
}

const attendedHint = 'Run it in the background, or keep it at its end, to attach to it.';

/**
 * Starts a container and has its streams from the first byte on; one that runs is attached to. Throws what
 * `startContainer` and {@link attachContainer} throw. An abort before the start leaves the container as it was.
 */
export async function startAttached(
  store: Store,
  name: string,
  options: StartAttachedOptions = {},
): Promise<AttachedContainer> {
  let made: { readonly record: ContainerRecord; readonly streams: Attachment } | undefined;
  try {
    await startContainer(store, name, {
      ...options,
      onMade: async (record) => {
        const pid = readPid(bundleOf(store.layout, record.id).pid);
        const streams = await connect(store, record.id, pid === undefined ? undefined : identify(pid), options);
        made = { record, streams };
        if (options.terminalSize !== undefined && definitionOf(record).config.Tty === true)
          await streams.presize(options.terminalSize, options);
        // As with docker, before the start.
        await noteAttach(store, record);
      },
    });
  } catch (error) {
    await made?.streams[Symbol.asyncDispose]();
    throw error;
  }
  return made === undefined
    ? await attachContainer(store, name, options)
    : attached(store, made.record, made.streams, options);
}

const noteAttach = async ({ metadata }: Store, record: ContainerRecord): Promise<void> =>
  await noteContainerEvent(metadata, record, { action: 'attach' });

function attached(
  store: Store,
  record: ContainerRecord,
  streams: Attachment,
  { signal }: AbortOptions,
): AttachedContainer {
  const closing = new AbortController();
  const either = signal ? AbortSignal.any([signal, closing.signal]) : closing.signal;
  // From now on: a container that is removed at its end leaves its exit code for a short while only.
  const exitCode = perform(() => waitForEnd(store, record, { signal: either }), { signal: either });
  exitCode.catch(() => undefined);
  const letGo = (): void => void streams[Symbol.asyncDispose]();
  either.addEventListener('abort', letGo, { once: true });
  if (either.aborted) letGo();
  const { config } = definitionOf(record);
  return {
    id: record.id,
    streams,
    terminal: config.Tty === true,
    interactive: config.OpenStdin === true,
    exitCode,
    [Symbol.asyncDispose]: async () => {
      closing.abort(new DOMException('let go of', 'AbortError'));
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
    if (errno === 'ENOENT' || errno === 'ECONNREFUSED') throw stopped();
    throw error;
  }
}

const stopped = (): StrataError => refused('You cannot attach to a stopped container, start it first');

const refused = (message: string, hint?: string): StrataError =>
  new StrataError({
    code: 'ERR_CONTAINER_ATTACH_REFUSED',
    message,
    ...(hint === undefined ? {} : { hint }),
  });
