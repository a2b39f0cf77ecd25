import { StrataError } from '../../errors/index.ts';
import type { ContainerDevice } from '../../oci-runtime/resources.ts';
import { AT_FDCWD, O_PATH } from '../../sys/constants.ts';
import { closeFd, openAt } from '../../sys/fs-at.ts';
import { ifThere } from '../../sys/if-there.ts';
import { listAt } from '../../sys/list-at.ts';
import { type FileStat, statFd } from '../../sys/stat.ts';
import type { HostDevice, HostOptions } from '../host-options.ts';

// As docker does: terminals, shared memory and the like belong to users of the host.
const notDevices: ReadonlySet<string> = new Set(
  'pts shm fd mqueue console .lxc .lxd-mounts .udev'.split(' ').map((name) => `/dev/${name}`),
);
const maxDevices = 10_000;

/** Returns the host's devices for a container, as they are now. Throws ERR_DEVICE_UNUSABLE with docker's exit code. */
export function hostDevices({ Devices = [], Privileged = false }: HostOptions): ContainerDevice[] {
  const asked = Devices.flatMap(devicesOf);
  if (!Privileged) return asked;
  const named = new Set(asked.map(({ path }) => path));
  return [...asked, ...allBelow('/dev').filter(({ path }) => !named.has(path))];
}

function devicesOf({ PathOnHost, PathInContainer, CgroupPermissions }: HostDevice): ContainerDevice[] {
  const stat = statOf(PathOnHost);
  const access = CgroupPermissions;
  if (stat?.type === 'directory') {
    return allBelow(PathOnHost).map((device) => ({
      ...device,
      path: `${PathInContainer}${device.path.slice(PathOnHost.length)}`,
      access,
    }));
  }
  const found = stat && deviceOf(PathInContainer, stat);
  if (found) return [{ ...found, access }];
  throw new StrataError({
    code: 'ERR_DEVICE_UNUSABLE',
    message: `error gathering device information while adding custom device ${JSON.stringify(PathOnHost)}: ${stat ? 'not a device node' : 'no such file or directory'}`,
    hint: 'Name a device file of this machine, as in /dev/null.',
    // Docker's command derives the code from the message.
    details: { exitCode: stat ? 125 : 127 },
  });
}

const deviceOf = (path: string, stat: FileStat): ContainerDevice | undefined =>
  stat.type === 'character-device' || stat.type === 'block-device'
    ? {
        path,
        type: stat.type === 'block-device' ? 'b' : 'c',
        major: stat.nodeMajor,
        minor: stat.nodeMinor,
        fileMode: stat.permissions,
        uid: stat.uid,
        gid: stat.gid,
      }
    : undefined;

function allBelow(root: string): ContainerDevice[] {
  const found: ContainerDevice[] = [];
  const folders = [root];
  for (let folder = folders.pop(); folder !== undefined && found.length < maxDevices; folder = folders.pop()) {
    for (const { name, type } of listAt(AT_FDCWD, folder)) {
      const path = `${folder}/${Buffer.from(name).toString('utf8')}`;
      if (notDevices.has(path) || type === 'symlink') continue;
      if (type === 'directory') folders.push(path);
      else {
        const stat = statOf(path);
        const device = stat && deviceOf(path, stat);
        if (device) found.push(device);
      }
    }
  }
  return found;
}

function statOf(path: string): FileStat | undefined {
  const fd = ifThere(() => openAt(AT_FDCWD, path, O_PATH));
  if (fd === undefined) return undefined;
  try {
    return statFd(fd);
  } finally {
    closeFd(fd);
  }
}
