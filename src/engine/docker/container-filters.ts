import { hostMounts } from '../../containers/mounts/host-mounts.ts';
import { dockerStatus } from '../../containers/state.ts';
import { StrataError } from '../../errors/index.ts';
import { findImageIfThere } from '../../images/find-image.ts';
import type { ContainerRecord } from '../../metadata/containers.ts';
import { type FilterTable, hasLabels, invalidFilter, isOneOf, isWhether, matchesOneOf } from '../../query/filters.ts';
import type { Digest } from '../../spec/digest.ts';
import type { Store } from '../../store/store.ts';
import { hostPlatform } from '../../sys/host-platform.ts';
import { findContainer } from '../containers/state/find.ts';
import { definitionOf, labelsOf, stateOf } from '../containers/state/state.ts';

const statuses = ['created', 'restarting', 'running', 'removing', 'paused', 'exited', 'dead'];
const healths = ['starting', 'healthy', 'unhealthy', 'none'];

/** Docker's filters of `ps`. Throws ERR_FILTER_INVALID, ERR_CONTAINER_NOT_FOUND. */
export const containerFilters = (store: Store): FilterTable<ContainerRecord> => ({
  id: matchesOneOf(({ id }) => id),
  name: matchesOneOf(({ name }) => [name, `/${name}`]),
  label: hasLabels(labelsOf),
  status: (values, filters) => {
    oneOf('status', values, statuses);
    return isOneOf<ContainerRecord>((record) => dockerStatus(stateOf(record)))(values, filters);
  },
  exited: (values) => {
    const codes = values.map(wholeCode);
    return (record) => {
      const state = stateOf(record);
      return dockerStatus(state) === 'exited' && codes.includes(state.exitCode ?? 0);
    };
  },
  ancestor: (values) => {
    // For a name that no image has docker shows nothing.
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
  // No port is published, no container has a health check, and none belongs to a swarm.
  publish: (values) => {
    checkPorts('publish', values);
    return () => false;
  },
  health: (values) => {
    const wrong = values.find((value) => !healths.includes(value));
    if (wrong !== undefined) throw wrongFilter(`unrecognized filter value for health: ${wrong.slice(0, 100)}`);
    return () => values.includes('none');
  },
  'is-task': isWhether('is-task', () => false),
});

function oneOf(name: string, values: readonly string[], known: readonly string[]): void {
  const wrong = values.find((value) => !known.includes(value));
  if (wrong === undefined) return;
  const { message } = invalidFilter(name);
  throw wrongFilter(message.replace(/'$/, `=${wrong.slice(0, 100)}'`), `One of ${known.join(', ')}.`);
}

/** What Go says of a text that is no number. */
const syntaxOf = (parser: string, text: string): string =>
  `strconv.${parser}: parsing ${JSON.stringify(text.slice(0, 100))}: invalid syntax`;

const wrongFilter = (message: string, hint?: string): StrataError =>
  new StrataError({
    code: 'ERR_FILTER_INVALID',
    message,
    ...(hint === undefined ? {} : { hint }),
  });

/** A port: `80`, `80/tcp`, or several, `80-90`. */
function checkPorts(name: string, values: readonly string[]): void {
  const wrong = values.find((value) => !/^\d{1,5}(?:-\d{1,5})?(?:\/\w+)?$/.test(value));
  if (wrong === undefined) return;
  throw wrongFilter(`error while looking up for ${name} ${wrong.slice(0, 100)}: ${syntaxOf('ParseUint', wrong)}`);
}

function wholeCode(value: string): number {
  if (/^[+-]?\d{1,9}$/.test(value)) return Number(value);
  throw wrongFilter(`invalid filter 'exited=${value.slice(0, 100)}': ${syntaxOf('Atoi', value)}`);
}

/** Whether an image is another one, or stands with layers of its own on that one's. */
function isBuiltOn({ metadata: { images } }: Store, id: Digest, base: Digest): boolean {
  if (id === base) return true;
  const top = images.layersOf(base).at(-1);
  // Images that differ in their configs alone have the same layers, and neither is known to be the other's base.
  const below = images.layersOf(id).slice(0, -1);
  return top !== undefined && below.some(({ chainId }) => chainId === top.chainId);
}

/** By the order they were made in, also within one millisecond. */
function isOlder({ metadata }: Store, one: ContainerRecord, other: ContainerRecord): boolean {
  if (one.createdAt !== other.createdAt) return one.createdAt < other.createdAt;
  const order = metadata.containers.list().map(({ id }) => id);
  return order.indexOf(one.id) > order.indexOf(other.id);
}
