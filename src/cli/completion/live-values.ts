import type { StorePlace } from '../../engine/store-names.ts';
import type { LiveSource } from './value-sources.ts';

export interface Candidate {
  readonly value: string;
  readonly description?: string;
}

/** Looks up the candidates for a value in the store of the line. */
export type LiveValues = (source: LiveSource, place: StorePlace) => Promise<readonly Candidate[]>;

const runningStatuses: ReadonlySet<string> = new Set(['running', 'paused', 'starting']);

const withColon = ({ value }: Candidate): Candidate => ({ value: `${value}:` });

export const liveValues: LiveValues = async (source, place) => {
  if (source === 'variable') return Object.keys(process.env).map((value) => ({ value }));
  if (source === 'capability') {
    const { allCapabilities } = await import('../../engine/index.ts');
    return ['ALL', ...allCapabilities.map((name) => name.replace(/^CAP_/, ''))].map((value) => ({ value }));
  }
  if (source === 'storage driver') {
    const { allDrivers } = await import('../../engine/index.ts');
    return ['auto', ...allDrivers.drivers.map(({ name }) => name)].map((value) => ({ value }));
  }
  const { namesInStore } = await import('../../engine/store-names.ts');
  const { containers, images } = await namesInStore(place);
  const ofContainers = (matches: (status: string) => boolean): Candidate[] =>
    containers
      .filter(({ status }) => matches(status))
      .map(({ name, status }) => ({ value: name, description: status }));
  const ofImages = images.map((value) => ({ value }));
  switch (source) {
    case 'image':
      return ofImages;
    case 'container':
      return ofContainers(() => true);
    case 'running container':
      return ofContainers((status) => runningStatuses.has(status));
    case 'resting container':
      return ofContainers((status) => !runningStatuses.has(status));
    case 'paused container':
      return ofContainers((status) => status === 'paused');
    case 'container path':
      return ofContainers(() => true).map(withColon);
    case 'container or image path':
      return [...ofContainers(() => true), ...ofImages].map(withColon);
    case 'container or image':
      return [...ofContainers(() => true), ...ofImages];
  }
};
