import { StrataError } from '../errors/index.ts';

/** A container's network: `none`, `host`, or the name of another one, of which there are none yet. */
export type NetworkMode = 'none' | 'host' | (string & Record<never, never>);

export interface NetworkProperties {
  /** True when the container uses the host's network: names, ports and settings are the machine's. */
  readonly isHosts: boolean;
  /** True when the container reaches the machine, at the loopback device. */
  readonly reachesHost: boolean;
}

const modes: Readonly<Record<string, NetworkProperties>> = {
  // A network of its own, with a loopback device only.
  none: { isHosts: false, reachesHost: false },
  host: { isHosts: true, reachesHost: true },
};

/**
 * Returns the properties of a network. Code that depends on the network reads these, never its name, so that networks
 * named by users can be added here. Throws ERR_NOT_SUPPORTED_YET.
 */
export function networkProperties(mode: NetworkMode): NetworkProperties {
  const found = Object.hasOwn(modes, mode) ? modes[mode] : undefined;
  if (found !== undefined) return found;
  throw new StrataError({
    code: 'ERR_NOT_SUPPORTED_YET',
    message: `network ${mode.slice(0, 100)}: not supported yet`,
    hint: `Use one of ${Object.keys(modes).join(', ')}.`,
  });
}
