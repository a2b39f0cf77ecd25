import { hostMounts } from '../../containers/mounts/host-mounts.ts';
import { dockerStatus } from '../../containers/state.ts';
import { StrataError } from '../../errors/index.ts';
import { findImageIfThere } from '../../images/find-image.ts';
import type { ContainerRecord } from '../../metadata/containers.ts';
import { type FilterTable, hasLabels, invalidFilter, isOneOf, isWhether, matchesOneOf } from '../../query/filters.ts';
import type { Digest } from '../../spec/digest.ts';
import type { Store } from '../../store/store.ts';
import { hostPlatform } from '../../sys/host-platform.ts';
import { findContainer } from '../containers/state/find-container.ts';
import { definitionOf, labelsOf, stateOf } from '../containers/state/state.ts';

const statuses = ['created', 'restarting', 'running', 'removing', 'paused', 'exited', 'dead'];
const healths = ['starting', 'healthy', 'unhealthy', 'none'];

/** Returns docker's filters of `ps`. They throw ERR_FILTER_INVALID, ERR_CONTAINER_NOT_FOUND. */
export const containerFilters = (store: Store): FilterTable<ContainerRecord> => ({
  id: matchesOneOf(({ id }) => id),
  name: matchesOneOf(({ name }) => [name, `/${name}`]),
  label: hasLabels(labelsOf),
  status: (values, filters) => {
    checkValues('status', values, statuses);
    return isOneOf<ContainerRecord>((record) => dockerStatus(stateOf(record)))(values, filters);
  },
  exited: (values) => {
    const codes = values.map(parseExitCode);
    return (record) => {
      const state = stateOf(record);
      return dockerStatus(state) === 'exited' && codes.includes(state.exitCode ?? 0);
    };
  },
  ancestor: (values) => {
    // As docker: a name without an image matches no container.
    const images = values.flatMap((value) => findImageIfThere(store.metadata, value, hostPlatform())?.id ?? []);
    return ({ imageId }) => imageId !== undefined && images.some((image) => isBuiltOn(store, imageId, image));
  },
  before: (values) => {
    const limits = values.map((name) => findContainer(store.metadata.containers, name));
    return (record) => limits.every((limit) => isOlder(store, record, limit));
  },
  since: (values) => {
    const limits = values.map((name) => findContainer(store.metadata.containers, name));
    return (record) => limits.every((limit) => isOlder(store, limit, record));
  },
  network: matchesOneOf((record) => definitionOf(record).host.NetworkMode),
  volume: isOneOf((record) =>
    hostMounts(definitionOf(record).host).flatMap((mount) =>
      mount.type === 'bind' ? [mount.source, mount.destination] : [],
    ),
  ),
  expose: (values, filters) => {
    checkPorts('expose', values);
    return isOneOf<ContainerRecord>((record) =>
      Object.keys(definitionOf(record).config.ExposedPorts ?? {}).flatMap((port) => [port, port.replace(/\/tcp$/, '')]),
    )(values, filters);
  },
  // Ports are not published, and there are neither health checks nor swarms.
  publish: (values) => {
    checkPorts('publish', values);
    return () => false;
  },
  health: (values) => {
    const wrong = values.find((value) => !healths.includes(value));
    if (wrong !== undefined) {
      throw wrongFilter(
        `unrecognized filter value for health: ${wrong.slice(0, 100)}`,
        `Give one of ${healths.join(', ')}.`,
      );
    }
    return () => values.includes('none');
  },
  'is-task': isWhether('is-task', () => false),
});

function checkValues(name: string, values: readonly string[], known: readonly string[]): void {
  const wrong = values.find((value) => !known.includes(value));
  if (wrong === undefined) return;
  const { message } = invalidFilter(name);
  throw wrongFilter(message.replace(/'$/, `=${wrong.slice(0, 100)}'`), `Give one of ${known.join(', ')}.`);
}

/** Go's message for a text that is no number. */
const syntaxError = (parser: string, text: string): string =>
  `strconv.${parser}: parsing ${JSON.stringify(text.slice(0, 100))}: invalid syntax`;

const wrongFilter = (message: string, hint: string): StrataError =>
  new StrataError({ code: 'ERR_FILTER_INVALID', message, hint });

/** Refuses values that are not a port (`80`, `80/tcp`) or a range (`80-90`). */
function checkPorts(name: string, values: readonly string[]): void {
  const wrong = values.find((value) => !/^\d{1,5}(?:-\d{1,5})?(?:\/\w+)?$/.test(value));
  if (wrong === undefined) return;
  throw wrongFilter(
    `error while looking up for ${name} ${wrong.slice(0, 100)}: ${syntaxError('ParseUint', wrong)}`,
    'Give a port or a range of ports, such as 80, 80/tcp or 80-90.',
  );
}

function parseExitCode(value: string): number {
  if (/^[+-]?\d{1,9}$/.test(value)) return Number(value);
  throw wrongFilter(
    `invalid filter 'exited=${value.slice(0, 100)}': ${syntaxError('Atoi', value)}`,
    'Give an exit code as a whole number, such as 137.',
  );
}

/** True when an image is `base` itself, or has all its layers and more on top. */
function isBuiltOn({ metadata: { images } }: Store, id: Digest, base: Digest): boolean {
  if (id === base) return true;
  const top = images.layersOf(base).at(-1);
  // Images with equal layers differ in their configs alone: neither counts as the other's base.
  const below = images.layersOf(id).slice(0, -1);
  return top !== undefined && below.some(({ chainId }) => chainId === top.chainId);
}

/** Compares by order of creation, also within one millisecond. */
function isOlder({ metadata }: Store, one: ContainerRecord, other: ContainerRecord): boolean {
  if (one.createdAt !== other.createdAt) return one.createdAt < other.createdAt;
  const order = metadata.containers.list().map(({ id }) => id);
  return order.indexOf(one.id) > order.indexOf(other.id);
}
