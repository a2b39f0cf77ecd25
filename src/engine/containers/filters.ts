import { hostMounts } from '../../containers/host-mounts.ts';
import { shownStatus } from '../../containers/state.ts';
import { isStrataError, StrataError } from '../../errors/index.ts';
import { findImage } from '../../images/find-image.ts';
import type { ContainerRecord } from '../../metadata/containers.ts';
import { type FilterTable, hasLabels, invalidFilter, isOneOf, isWhether, matchesOneOf } from '../../query/filters.ts';
import type { Digest } from '../../spec/digest.ts';
import { hostPlatform } from '../versions.ts';
import { findContainer } from './find.ts';
import type { ContainerParts } from './parts.ts';
import { definitionOf, labelsOf, stateOf } from './state.ts';

const statuses = ['created', 'restarting', 'running', 'removing', 'paused', 'exited', 'dead'];
const healths = ['starting', 'healthy', 'unhealthy', 'none'];

/** Docker's filters of `ps`. Throws ERR_FILTER_INVALID, ERR_CONTAINER_NOT_FOUND. */
export const containerFilters = (parts: ContainerParts): FilterTable<ContainerRecord> => ({
  id: matchesOneOf(({ id }) => id),
  name: matchesOneOf(({ name }) => [name, `/${name}`]),
  label: hasLabels(labelsOf),
  status: (values, filters) => {
    oneOf('status', values, statuses);
    return isOneOf<ContainerRecord>((record) => shownStatus(stateOf(record)))(values, filters);
  },
  exited: (values) => {
    const codes = values.map((value) => wholeCode(value));
    return (record) => {
      const state = stateOf(record);
      return shownStatus(state) === 'exited' && codes.includes(state.exitCode ?? 0);
    };
  },
  ancestor: (values) => {
    const images = values.flatMap((value) => imageOf(parts, value));
    return ({ imageId }) => imageId !== undefined && images.some((image) => isBuiltOn(parts, imageId, image));
  },
  before: (values) => {
    const limits = values.map((name) => findContainer(parts.metadata.containers, name));
    return (record) => limits.every((limit) => isOlder(parts, record, limit));
  },
  since: (values) => {
    const limits = values.map((name) => findContainer(parts.metadata.containers, name));
    return (record) => limits.every((limit) => isOlder(parts, limit, record));
  },
  network: matchesOneOf((record) => definitionOf(record).host.NetworkMode),
  volume: isOneOf((record) =>
    hostMounts(definitionOf(record).host).flatMap((mount) =>
      mount.type === 'bind' ? [mount.source, mount.destination] : [],
    ),
  ),
  expose: isOneOf((record) =>
    Object.keys(definitionOf(record).config.ExposedPorts ?? {}).flatMap((port) => [port, port.replace(/\/tcp$/, '')]),
  ),
  // No port is published, no container has a health check, and none belongs to a swarm.
  publish: () => () => false,
  health: (values) => {
    oneOf('health', values, healths);
    return () => values.includes('none');
  },
  'is-task': isWhether('is-task', () => false),
});

function oneOf(name: string, values: readonly string[], known: readonly string[]): void {
  const wrong = values.find((value) => !known.includes(value));
  if (wrong === undefined) return;
  const { message } = invalidFilter(name);
  throw new StrataError({
    kind: 'invalid-argument',
    code: 'ERR_FILTER_INVALID',
    message: message.replace(/'$/, `=${wrong.slice(0, 100)}'`),
    hint: `One of ${known.join(', ')}.`,
  });
}

function wholeCode(value: string): number {
  if (/^[+-]?\d{1,9}$/.test(value)) return Number(value);
  throw invalidFilter('exited', [value]);
}

/** None for a name that no image has: docker then shows nothing. */
function imageOf({ reader }: ContainerParts, name: string): Digest[] {
  try {
    return [findImage(reader, name, hostPlatform()).id];
  } catch (error) {
    if (isStrataError(error) && (error.kind === 'not-found' || error.kind === 'invalid-argument')) return [];
    throw error;
  }
}

/** Whether an image is another one, or stands on its layers. */
function isBuiltOn({ metadata: { images } }: ContainerParts, id: Digest, base: Digest): boolean {
  if (id === base) return true;
  const top = images.layersOf(base).at(-1);
  return top !== undefined && images.layersOf(id).some(({ chainId }) => chainId === top.chainId);
}

/** By the order they were made in, also within one millisecond. */
function isOlder({ metadata }: ContainerParts, one: ContainerRecord, other: ContainerRecord): boolean {
  if (one.createdAt !== other.createdAt) return one.createdAt < other.createdAt;
  const order = metadata.containers.list().map(({ id }) => id);
  return order.indexOf(one.id) > order.indexOf(other.id);
}
