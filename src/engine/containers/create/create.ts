import { checkContainerName, generateContainerName, newContainerId } from '../../../containers/container-names.ts';
import { riskyOptions, runtimeWarnings } from '../../../containers/risky-options.ts';
import { type ContainerDefinition, type ContainerState, isActive } from '../../../containers/state.ts';
import { isStrataError, StrataError } from '../../../errors/index.ts';
import { findImage } from '../../../images/find-image.ts';
import { findUnpackedSnapshot } from '../../../images/find-unpacked-snapshot.ts';
import { holdImage } from '../../../images/hold-image.ts';
import { readConfig } from '../../../images/read-document.ts';
import { refuseOtherSystem } from '../../../images/refuse-other-system.ts';
import type { AbortOptions } from '../../../lib/abort.ts';
import type { NewContainer } from '../../../metadata/containers.ts';
import type { StoreLease } from '../../../metadata/leases.ts';
import type { Metadata } from '../../../metadata/metadata.ts';
import type { ImageConfig } from '../../../spec/config.ts';
import {
  formatPlatform,
  normalizePlatform,
  type Platform,
  parsePlatform,
  platformRank,
} from '../../../spec/platform.ts';
import type { Store } from '../../../store/store.ts';
import { hostPlatform } from '../../../sys/host-platform.ts';
import { endAbandonedSteps } from '../../builder/end-abandoned-steps.ts';
import { addContainerEvent } from '../../events/container-event.ts';
import { runtimeNameOf } from '../state/locations.ts';
import { definitionOf, encodeDefinition, encodeState, stateOf } from '../state/state.ts';
import type { CreatedContainer, CreateRequest } from './create-types.ts';
import { defineContainer } from './define-container.ts';

/** A container with its record and its writable layer. */
export interface RecordedContainer extends CreatedContainer {
  readonly snapshotId: string;
  readonly definition: ContainerDefinition;
}

export interface RecordContainerOptions extends AbortOptions {
  /** Pins the writable layer until it is recorded. */
  readonly lease: StoreLease;
  readonly state: ContainerState;
  /** Skips syncs of its files: the container need not survive a crash of the machine. */
  readonly volatile?: boolean;
}

/** Creates a container without starting it. Throws as {@link recordContainer}. */
export async function createContainer(store: Store, request: CreateRequest): Promise<CreatedContainer> {
  const { signal } = request;
  await using lease = await store.metadata.leases.open('create', { signal });
  const { id, name, warnings } = await recordContainer(store, request, { lease, signal, state: { status: 'created' } });
  return { id, name, warnings };
}

/**
 * Creates the record and the writable layer of a container. Throws ERR_IMAGE_NOT_FOUND, ERR_IMAGE_NOT_UNPACKED,
 * ERR_IMAGE_PLATFORM, ERR_IMAGE_OS, ERR_PLATFORM_INVALID, ERR_CONTAINER_NAME_INVALID, ERR_CONTAINER_NAME_IN_USE, and what
 * `defineContainer` throws.
 */
export async function recordContainer(
  store: Store,
  request: CreateRequest,
  { lease, signal, state, volatile = false }: RecordContainerOptions,
): Promise<RecordedContainer> {
  const { metadata, blobs } = store;
  await endAbandonedSteps(store);
  const platform = request.platform === undefined ? undefined : parsePlatform(request.platform, hostPlatform());
  const found = await holdImage(lease, () => findImage(metadata, request.image, platform ?? hostPlatform()));
  const image = await readConfig(blobs, found.id, { signal });
  if (platform !== undefined) refuseOtherPlatform(request.image, platform, image);
  refuseOtherSystem(request.image, image);
  const id = newContainerId();
  const given = request.name === undefined ? undefined : checkContainerName(request.name);
  const definition = defineContainer(image.config, id, request, store.configuration);
  const warnings = await warningsOf(store, definition);
  const parent = await findUnpackedSnapshot(store, image, { image: found.id, lease });
  const { snapshotter } = await store.openDriver();
  const { id: snapshotId } = await snapshotter.prepare(parent?.id, {
    lease,
    signal,
    volatile,
    durable: !volatile,
  });
  try {
    const record = {
      id,
      imageId: found.id,
      snapshotId,
      definition: encodeDefinition(definition),
      state: encodeState(state),
    };
    const name = await insert(metadata, record, given, { signal });
    return { id, name, snapshotId, definition, warnings };
  } catch (error) {
    await snapshotter.remove(snapshotId, { lease });
    throw error;
  }
}

async function warningsOf({ metadata, configuration }: Store, { host }: ContainerDefinition): Promise<string[]> {
  const { containers } = metadata;
  const { Binds = [], Mounts = [] } = host;
  // Only a container with mounts can share files with others.
  const running = Binds.length + Mounts.length === 0 ? [] : containers.list().filter((one) => isActive(stateOf(one)));
  return await runtimeWarnings(
    riskyOptions(
      host,
      running.map((record) => definitionOf(record).host),
    ),
    configuration,
    runtimeNameOf(host),
  );
}

function refuseOtherPlatform(name: string, wanted: Platform, actual: ImageConfig): void {
  if (platformRank(normalizePlatform(wanted), normalizePlatform(actual)) !== undefined) return;
  const [want, is] = [wanted, actual].map((platform) => formatPlatform(normalizePlatform(platform)));
  throw new StrataError({
    code: 'ERR_IMAGE_PLATFORM',
    message: `image with reference ${name} was found but does not match the specified platform: wanted ${want}, actual: ${is}`,
    hint: 'Build or load the image for that platform, or leave the platform out.',
  });
}

/** Returns the given name or a generated one. Generates again when another process takes the same name. */
async function insert(
  { db, containers, events }: Metadata,
  record: Omit<NewContainer, 'name'>,
  given: string | undefined,
  options: AbortOptions,
): Promise<string> {
  for (let attempt = 0; ; attempt++) {
    const name =
      given ?? (attempt < 5 ? generateContainerName() : `${generateContainerName()}_${newContainerId().slice(0, 6)}`);
    try {
      const write = (): void => {
        containers.insert({ ...record, name });
        const made = containers.get(record.id);
        if (made === undefined) return;
        addContainerEvent({ events, containers }, made, { action: 'create' });
      };
      await db.transact(write, options);
      return name;
    } catch (error) {
      if (given !== undefined || !isStrataError(error, 'ERR_CONTAINER_NAME_IN_USE')) throw error;
    }
  }
}
