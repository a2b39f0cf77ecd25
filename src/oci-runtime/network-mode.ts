/** The networks a container can be on. A further one joins here, with its properties below. */
export type NetworkMode = 'none' | 'host';

export interface NetworkProperties {
  /** The container has no network of its own: names, ports and settings are the machine's. */
  readonly isHosts: boolean;
  /** The machine can be reached, at the loopback device. */
  readonly reachesHost: boolean;
}

/** Whatever depends on a container's network asks for these, never for a name. */
export const networkModes: Readonly<Record<NetworkMode, NetworkProperties>> = {
  // Its own, with a loopback device only.
  none: { isHosts: false, reachesHost: false },
  host: { isHosts: true, reachesHost: true },
};
