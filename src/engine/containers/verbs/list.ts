import { hostMounts } from '../../../containers/mounts/host-mounts.ts';
import { dockerStatus } from '../../../containers/state.ts';
import { statusText } from '../../../containers/status-text.ts';
import type { AbortOptions } from '../../../lib/abort.ts';
import type { ContainerRecord } from '../../../metadata/containers.ts';
import { resolveCommand } from '../../../oci-runtime/command.ts';
import { compileFilters, Filters } from '../../../query/filters.ts';
import type { Digest } from '../../../spec/digest.ts';
import type { Store } from '../../../store/store.ts';
import { containerFilters } from '../../docker/container-filters.ts';
import { imageNames } from '../../docker/image-names.ts';
import { type ContainerSize, sizeOf } from '../files/size.ts';
import { reconcileContainers } from '../state/reconcile.ts';
import { definitionOf, isRunning, stateOf } from '../state/state.ts';

export interface ListContainersOptions extends AbortOptions {
  /** Also those that do not run. */
  readonly all?: boolean | undefined;
  /** Only so many of the newest, whatever their state. */
  readonly last?: number | undefined;
  /** Docker's filters of `ps`; `status` looks at all of them. */
  readonly filters?: Filters | undefined;
  /** Count what each has written, too. */
  readonly size?: boolean | undefined;
}

/** A row of `ps`. */
export interface ContainerSummary {
  readonly id: string;
  readonly name: string;
  /** As it was named when the container was made; its ID when that name is another image's now, or none's. */
  readonly image: string;
  readonly imageId: Digest | undefined;
  /** Program and arguments. */
  readonly command: readonly string[];
  readonly createdAt: Date;
  readonly state: ReturnType<typeof dockerStatus>;
  /** `Up 3 seconds`, as of now. */
  readonly status: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly network: string;
  /** Sources of what is bound into it from the host. */
  readonly mounts: readonly string[];
  /** When it was asked for. */
  readonly size: ContainerSize | undefined;
}

/**
 * Containers, newest first; only the running ones unless told otherwise. Throws ERR_FILTER_INVALID,
 * ERR_CONTAINER_NOT_FOUND for those of `before` and `since`.
 */
export async function listContainers(store: Store, options: ListContainersOptions = {}): Promise<ContainerSummary[]> {
  const { metadata } = store;
  const found = await reconcileContainers(store, options);
  const { last = 0, filters = Filters.fromFlags([]), size = false } = options;
  const all = options.all === true || last > 0 || filters.values('status').length > 0;
  const stays = compileFilters(filters, containerFilters(store));
  const listed = metadata.db.read(() => {
    const nameOf = imageNames(metadata);
    const records = found.filter((each) => (all || isRunning(metadata, each)) && stays(each));
    return (last > 0 ? records.slice(0, last) : records).map((record) => ({ record, image: nameOf(record) }));
  });
  const now = Date.now();
  const rows: ContainerSummary[] = [];
  for (const { record, image } of listed) {
    const counted = size ? await sizeIfThere(store, record, options) : undefined;
    if (!size || counted !== undefined) rows.push({ ...summaryOf(record, now), image, size: counted });
  }
  return rows;
}

/** Undefined when it was removed while others were counted. */
async function sizeIfThere(
  store: Store,
  record: ContainerRecord,
  options: AbortOptions,
): Promise<ContainerSize | undefined> {
  try {
    return await sizeOf(store, record, options);
  } catch (error) {
    if (store.metadata.containers.get(record.id) !== undefined) throw error;
    return undefined;
  }
}

function summaryOf(record: ContainerRecord, now: number): Omit<ContainerSummary, 'image' | 'size'> {
  const { config, host } = definitionOf(record);
  const state = stateOf(record);
  const { entrypoint, args } = resolveCommand(config);
  return {
    id: record.id,
    name: record.name,
    imageId: record.imageId,
    command: [...entrypoint, ...args],
    createdAt: new Date(record.createdAt),
    state: dockerStatus(state),
    status: statusText(state, now),
    labels: config.Labels ?? {},
    network: host.NetworkMode,
    mounts: hostMounts(host).flatMap((mount) => (mount.type === 'bind' ? [mount.source] : [])),
  };
}
