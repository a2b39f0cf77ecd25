import { StrataError } from '../errors/index.ts';

/** The network that a container is on: `none`, `host`, or the name of a further one, of which there is none yet. */
export type NetworkMode = 'none' | 'host' | (string & Record<never, never>);

export interface NetworkProperties {
  /** The container has no network of its own: names, ports and settings are the machine's. */
  readonly isHosts: boolean;
  /** The machine can be reached, at the loopback device. */
  readonly reachesHost: boolean;
}

const modes: Readonly<Record<string, NetworkProperties>> = {
  // Its own, with a loopback device only.
  none: { isHosts: false, reachesHost: false },
  host: { isHosts: true, reachesHost: true },
};

/**
 * Returns what a network means to its containers. Whatever depends on it asks for this, never for a name: networks that
 * users name join here. Throws ERR_NOT_SUPPORTED_YET.
 */
export function networkProperties(mode: NetworkMode): NetworkProperties {
  const found = Object.hasOwn(modes, mode) ? modes[mode] : undefined;
  if (found !== undefined) return found;
  throw new StrataError({
    code: 'ERR_NOT_SUPPORTED_YET',
    message: `network ${mode.slice(0, 100)}: not supported yet`,
    hint: `One of ${Object.keys(modes).join(', ')}.`,
  });
}
