import { signalNumber } from '../../containers/signals.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import type { ContainerRecord } from '../../metadata/containers.ts';
import { definitionOf, isRunning } from '../container-state.ts';
import { sendSignal } from './kill.ts';
import { lookUp } from './look-up.ts';
import type { ContainerParts } from './parts.ts';
import { untilEnd } from './wait.ts';

export interface StopOptions extends AbortOptions {
  /** How long to wait before it is killed, in seconds; negative waits for ever. Default: the container's, else 10. */
  readonly timeoutSeconds?: number | undefined;
  /** In place of the container's stop signal; a name or a number. */
  readonly send?: string | undefined;
}

const defaultTimeoutSeconds = 10;
const SIGTERM = 15;
const SIGKILL = 9;

/**
 * Asks a container to end, kills it when it does not, and waits until it has. One that does not run is left alone. Throws
 * ERR_CONTAINER_NOT_FOUND, ERR_SIGNAL_INVALID.
 */
export async function stopContainer(parts: ContainerParts, name: string, options: StopOptions = {}): Promise<void> {
  const asked = options.send === undefined ? undefined : signalNumber(options.send);
  const record = await lookUp(parts, name, options);
  if (!isRunning(parts.metadata, record)) return;
  const { config } = definitionOf(record);
  await sendSignal(parts, record, asked ?? stopSignalOf(config.StopSignal));
  if (await endsWithin(parts, record, options.timeoutSeconds ?? config.StopTimeout ?? defaultTimeoutSeconds, options))
    return;
  await sendSignal(parts, record, SIGKILL);
  await untilEnd(parts, record, options);
}

/** The image's signal, which may be nonsense: docker falls back on TERM, too. */
function stopSignalOf(text: string | undefined): number {
  try {
    return text === undefined || text === '' ? SIGTERM : signalNumber(text);
  } catch {
    return SIGTERM;
  }
}

async function endsWithin(
  parts: ContainerParts,
  record: ContainerRecord,
  seconds: number,
  { signal }: AbortOptions,
): Promise<boolean> {
  if (seconds < 0) return untilEnd(parts, record, { signal }).then(() => true);
  const limit = AbortSignal.timeout(seconds * 1000);
  try {
    await untilEnd(parts, record, { signal: signal ? AbortSignal.any([signal, limit]) : limit });
    return true;
  } catch (error) {
    signal?.throwIfAborted();
    if (limit.aborted) return false;
    throw error;
  }
}
