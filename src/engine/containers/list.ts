import { shownStatus } from '../../containers/state.ts';
import { statusText } from '../../containers/status-text.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import type { ContainerRecord } from '../../metadata/containers.ts';
import { resolveCommand } from '../../oci-runtime/command.ts';
import type { Digest } from '../../spec/digest.ts';
import { definitionOf, isRunning, stateOf } from '../container-state.ts';
import { reconcileContainers } from '../reconcile-containers.ts';
import type { ContainerParts } from './parts.ts';

export interface ListContainersOptions extends AbortOptions {
  /** Also those that do not run. */
  readonly all?: boolean | undefined;
  /** Only so many of the newest, whatever their state. */
  readonly last?: number | undefined;
}

/** A row of `ps`. */
export interface ContainerSummary {
  readonly id: string;
  readonly name: string;
  /** As it was named when the container was made; the ID when that name is another image's now. */
  readonly image: string;
  readonly imageId: Digest | undefined;
  /** Program and arguments. */
  readonly command: readonly string[];
  readonly createdAt: Date;
  readonly state: ReturnType<typeof shownStatus>;
  /** `Up 3 seconds`, as of now. */
  readonly status: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly network: string;
}

/** Containers, newest first; only the running ones unless told otherwise. */
export async function listContainers(
  parts: ContainerParts,
  options: ListContainersOptions = {},
): Promise<ContainerSummary[]> {
  const { metadata } = parts;
  await reconcileContainers(parts, options);
  const { all = false, last = 0 } = options;
  const records = metadata.containers.list();
  const shown = last > 0 ? records.slice(0, last) : records.filter((record) => all || isRunning(metadata, record));
  const now = Date.now();
  return shown.map((record) => summaryOf(record, now));
}

function summaryOf(record: ContainerRecord, now: number): ContainerSummary {
  const { image, config, host } = definitionOf(record);
  const state = stateOf(record);
  const { entrypoint, args } = resolveCommand(config);
  return {
    id: record.id,
    name: record.name,
    image,
    imageId: record.imageId,
    command: [...entrypoint, ...args],
    createdAt: new Date(record.createdAt),
    state: shownStatus(state),
    status: statusText(state, now),
    labels: config.Labels ?? {},
    network: host.NetworkMode,
  };
}
