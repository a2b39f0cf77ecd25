import type { ContainerOptions, Machine } from '../../../src/oci-runtime/create-runtime-spec.ts';
import type { ProcessUser } from '../../../src/oci-runtime/user.ts';

export const machine: Machine = {
  architecture: 'amd64',
  kernelRelease: '6.1.0-30-amd64',
  possibleCpus: '0-1\n',
  hasUnifiedCgroups: false,
};

export const root: ProcessUser = { uid: 0, gid: 0, additionalGids: [], home: '/root' };

export const options = (more: Partial<ContainerOptions> = {}): ContainerOptions => ({
  rootPath: '/rootfs',
  machine,
  user: root,
  hostname: 'c0ffee',
  ...more,
});
