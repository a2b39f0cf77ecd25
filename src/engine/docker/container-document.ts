import { dirname, join } from 'node:path';
import { dockerStatus } from '../../containers/state.ts';
import type { JsonValue } from '../../errors/index.ts';
import type { AbortOptions } from '../../lib/abort.ts';
import type { ContainerRecord } from '../../metadata/containers.ts';
import { resolveCommand } from '../../oci-runtime/command.ts';
import { defaultMaskedPaths, defaultReadonlyPaths } from '../../oci-runtime/defaults.ts';
import type { OpenedDriver } from '../../store/open-driver.ts';
import type { Store } from '../../store/store.ts';
import { readWhilePresent } from '../containers/files/read-race.ts';
import { type ContainerSize, measureSize } from '../containers/files/size.ts';
import { findReconciled, processOf } from '../containers/state/find-reconciled.ts';
import { folderOf, logPathOf } from '../containers/state/locations.ts';
import { definitionOf, stateOf } from '../containers/state/state.ts';
import { thisMachine } from '../machine.ts';
import { configDefaults, hostDefaults, networkSettings } from './container-defaults.ts';
import { mountDocuments } from './mount-documents.ts';

/** Options of `containers.inspect`. */
export interface InspectContainerOptions extends AbortOptions {
  /** Measures the files too: `SizeRw` and `SizeRootFs`, in bytes. */
  readonly size?: boolean | undefined;
}

/** Returns docker's document for a container. Throws ERR_CONTAINER_NOT_FOUND, ERR_CONTAINER_AMBIGUOUS. */
export async function inspectContainer(
  store: Store,
  name: string,
  options: InspectContainerOptions = {},
): Promise<{ readonly [key: string]: JsonValue }> {
  const record = await findReconciled(store, name, options);
  return await readWhilePresent(store.metadata.containers, record.id, () => documentOf(store, record, options));
}

async function documentOf(
  store: Store,
  record: ContainerRecord,
  options: InspectContainerOptions,
): Promise<{ readonly [key: string]: JsonValue }> {
  const { config, host } = definitionOf(record);
  const driver = await store.openDriver();
  const { entrypoint, args } = resolveCommand(config);
  const [path = '', ...rest] = [...entrypoint, ...args];
  const folder = folderOf(store.layout, record.id);
  // Created by the first start.
  const started = stateOf(record).startedAt !== undefined;
  const pathIfStarted = (name: string): string => (started ? join(folder, name) : '');
  return {
    Id: record.id,
    Created: new Date(record.createdAt).toISOString(),
    Path: path,
    Args: rest,
    State: stateDocument(store, record),
    Image: record.imageId ?? '',
    ResolvConfPath: pathIfStarted('resolv.conf'),
    HostnamePath: pathIfStarted('hostname'),
    HostsPath: pathIfStarted('hosts'),
    LogPath: started && (host.LogConfig?.Type ?? 'json-file') === 'json-file' ? logPathOf(store.layout, record.id) : '',
    Name: `/${record.name}`,
    RestartCount: 0,
    Driver: driver.name,
    Platform: 'linux',
    MountLabel: '',
    ProcessLabel: '',
    AppArmorProfile: '',
    ExecIDs: null,
    HostConfig: asJson({ ...hostDefaults, ...machineDefaults(), ...host }),
    GraphDriver: { Data: graphDriverData(driver, record), Name: driver.name },
    ...(options.size === true ? sizeFields(await measureSize(store, record, options)) : {}),
    Mounts: mountDocuments(host),
    Config: asJson({ ...configDefaults, ...config, Image: definitionOf(record).image }),
    NetworkSettings: networkSettings(host.NetworkMode),
  };
}

/** Defaults that depend on the machine. */
function machineDefaults(): object {
  const { hasUnifiedCgroups, possibleCpus } = thisMachine();
  return {
    CgroupnsMode: hasUnifiedCgroups ? 'private' : 'host',
    MaskedPaths: defaultMaskedPaths(possibleCpus),
    ReadonlyPaths: defaultReadonlyPaths,
  };
}

/** Returns the directories of a container's writable layer and of the layers below, under docker's keys. */
function graphDriverData({ snapshotter }: OpenedDriver, { snapshotId }: ContainerRecord): JsonValue {
  if (snapshotId === undefined || !snapshotter.ownDirectory || !snapshotter.lowerDirectories) return null;
  const own = snapshotter.ownDirectory(snapshotId);
  const folder = dirname(own);
  return {
    LowerDir: snapshotter.lowerDirectories(snapshotId).join(':'),
    MergedDir: join(folder, 'merged'),
    UpperDir: own,
    WorkDir: join(folder, 'work'),
  };
}

function stateDocument(store: Store, record: ContainerRecord): JsonValue {
  const state = stateOf(record);
  const status = dockerStatus(state);
  return {
    Status: status,
    // As docker: a paused container counts as running.
    Running: status === 'running' || status === 'paused',
    Paused: status === 'paused',
    Restarting: false,
    OOMKilled: state.oomKilled ?? false,
    Dead: status === 'dead',
    Pid: processOf(store, record)?.pid ?? 0,
    ExitCode: state.exitCode ?? 0,
    Error: state.error ?? '',
    StartedAt: formatTime(state.startedAt),
    FinishedAt: formatTime(status === 'created' ? undefined : state.finishedAt),
  };
}

const sizeFields = ({ writtenBytes, rootBytes }: ContainerSize): object => ({
  SizeRw: writtenBytes,
  SizeRootFs: rootBytes,
});

/** Formats milliseconds since 1970; undefined gives Go's zero time. */
const formatTime = (time: number | undefined): string =>
  time === undefined ? '0001-01-01T00:00:00Z' : new Date(time).toISOString();

const asJson = (value: object): JsonValue => JSON.parse(JSON.stringify(value)) as JsonValue;
