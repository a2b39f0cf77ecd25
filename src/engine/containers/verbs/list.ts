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
import { type ContainerSize, measureSize } from '../files/size.ts';
import { reconcileContainers } from '../state/reconcile.ts';
import { definitionOf, isRunning, stateOf } from '../state/state.ts';

/** Options of `containers.list`. */
export interface ListContainersOptions extends AbortOptions {
  /** Lists stopped containers too. */
  readonly all?: boolean | undefined;
  /** Lists only this number of the newest containers, in any state. */
  readonly last?: number | undefined;
  /** Docker's filters of `ps`. With `status`, containers in any state are listed. */
  readonly filters?: Filters | undefined;
  /** Measures the files of each container. */
  readonly size?: boolean | undefined;
}

/** A row of `ps`. */
export interface ContainerSummary {
  readonly id: string;
  readonly name: string;
  /** Name of the image at creation, or its ID when that name no longer leads to it. */
  readonly image: string;
  readonly imageId: Digest | undefined;
  /** Entrypoint, command and arguments. */
  readonly command: readonly string[];
  readonly createdAt: Date;
  readonly state: ReturnType<typeof dockerStatus>;
  /** Docker's text, such as `Up 3 seconds`. */
  readonly status: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly network: string;
  /** Host paths of its bind mounts. */
  readonly mounts: readonly string[];
  /** Undefined unless requested. */
  readonly size: ContainerSize | undefined;
}

/**
 * Lists containers, newest first; by default the running ones. Throws ERR_FILTER_INVALID, and ERR_CONTAINER_NOT_FOUND for
 * the containers that `before` and `since` name.
 */
export async function listContainers(store: Store, options: ListContainersOptions = {}): Promise<ContainerSummary[]> {
  const { metadata } = store;
  const found = await reconcileContainers(store, options);
  const { last = 0, filters = Filters.fromFlags([]), size = false } = options;
  const all = options.all === true || last > 0 || filters.values('status').length > 0;
  const isSelected = compileFilters(filters, containerFilters(store));
  const listed = metadata.db.read(() => {
    const nameOf = imageNames(metadata);
    const records = found.filter((each) => (all || isRunning(metadata, each)) && isSelected(each));
    return (last > 0 ? records.slice(0, last) : records).map((record) => ({ record, image: nameOf(record) }));
  });
  const now = Date.now();
  const rows: ContainerSummary[] = [];
  for (const { record, image } of listed) {
    const measured = size ? await measureIfPresent(store, record, options) : undefined;
    if (!size || measured !== undefined) rows.push({ ...summaryOf(record, now), image, size: measured });
  }
  return rows;
}

/** Measures a container. Undefined when it has been removed meanwhile. */
async function measureIfPresent(
  store: Store,
  record: ContainerRecord,
  options: AbortOptions,
): Promise<ContainerSize | undefined> {
  try {
    return await measureSize(store, record, options);
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
