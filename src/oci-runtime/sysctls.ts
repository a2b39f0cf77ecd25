import { StrataError } from '../errors/index.ts';

// Settings that the kernel keeps per namespace, so that a change stays inside (docker's list).
const ipcNames: ReadonlySet<string> = new Set(
  'msgmax msgmnb msgmni sem shmall shmmax shmmni shm_rmid_forced'.split(' ').map((name) => `kernel.${name}`),
);
const networkPrefix = 'net.';
const mqueuePrefix = 'fs.mqueue.';

/**
 * Docker lets every user of a container bind low ports and send pings; both concern only the container's own network.
 */
const networkDefaults: { readonly [name: string]: string } = {
  'net.ipv4.ip_unprivileged_port_start': '0',
  'net.ipv4.ping_group_range': '0 2147483647',
};

function refuse(name: string, why: string): StrataError {
  return new StrataError({
    code: 'ERR_SYSCTL_INVALID',
    message: `sysctl ${JSON.stringify(name.slice(0, 100))}: ${why}`,
    hint: 'Only settings of the IPC and network namespaces can be set for a container.',
  });
}

/**
 * Returns the kernel settings of a container.
 * @throws ERR_SYSCTL_INVALID for one that would reach the host
 */
export function resolveSysctls(
  own: { readonly [name: string]: string },
  isHostNetwork: boolean,
  isHostIpc = false,
): { readonly [name: string]: string } {
  for (const [name, value] of Object.entries(own)) {
    const isPlain = /^[A-Za-z0-9_.-]{1,200}$/.test(name) && !name.includes('..');
    const isNetwork = name.startsWith(networkPrefix);
    if (!isPlain || !(isNetwork || name.startsWith(mqueuePrefix) || ipcNames.has(name))) {
      throw refuse(name, 'not kept per container');
    }
    if (!isNetwork && isHostIpc) throw refuse(name, "not possible with the host's IPC");
    if (isNetwork && isHostNetwork) throw refuse(name, "not possible with the host's network");
    if (/[\0\n]/.test(value)) throw refuse(name, 'its value has a NUL or a line break');
  }
  return isHostNetwork ? { ...own } : { ...networkDefaults, ...own };
}
