import { StrataError } from '../errors/index.ts';

export const leaseEnded = (id: string): StrataError =>
  new StrataError({
    code: 'ERR_LEASE_ENDED',
    message: `lease ${id}: has ended`,
    hint: 'Its lock file was removed while it was held. Leave the files under locks/ alone, and try again.',
  });

export const objectNotFound = ({ kind, key }: { readonly kind: string; readonly key: string }): StrataError =>
  new StrataError({
    code: 'ERR_OBJECT_NOT_FOUND',
    message: `${kind} ${key}: not in the store`,
    hint: 'Load or build it again.',
    details: { kind, key },
  });

export const containerNameInUse = (name: string, holder: string): StrataError =>
  new StrataError({
    code: 'ERR_CONTAINER_NAME_IN_USE',
    message: `Conflict. The container name "/${name}" is already in use by container "${holder}". You have to remove (or rename) that container to be able to reuse that name`,
    hint: 'Choose another name; a list of all containers shows those that are taken.',
    details: { name, holder },
  });
