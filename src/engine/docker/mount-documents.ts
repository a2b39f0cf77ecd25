import type { HostMount, HostOptions } from '../../containers/host-options.ts';
import { parseBind } from '../../containers/mounts/parse-bind.ts';
import type { JsonValue } from '../../errors/index.ts';
import { cleanPath } from '../../lib/clean-path.ts';

/** Returns docker's `Mounts` of inspect: bind mounts and those of `--mount`, without those of `--tmpfs`. */
export const mountDocuments = ({ Binds = [], Mounts = [] }: HostOptions): JsonValue[] =>
  [...Binds.map(documentOfBind), ...Mounts.map(documentOfMount)].toSorted((a, b) =>
    a.Destination < b.Destination ? -1 : 1,
  );

interface MountDocument {
  readonly [key: string]: JsonValue;
  readonly Destination: string;
}

function documentOfBind(text: string): MountDocument {
  const { source, destination, readonly = false, propagation } = parseBind(text);
  return {
    Type: 'bind',
    Source: source,
    Destination: destination,
    Mode: text.split(':')[2] ?? '',
    RW: !readonly,
    Propagation: propagation ?? 'rprivate',
  };
}

function documentOfMount({ Type, Source = '', Target, ReadOnly = false, BindOptions = {} }: HostMount): MountDocument {
  const propagation = BindOptions.Propagation || 'rprivate';
  return {
    Type,
    Source: Source === '' ? '' : cleanPath(Source),
    Destination: cleanPath(Target),
    Mode: '',
    RW: !ReadOnly,
    Propagation: Type === 'bind' ? propagation : '',
  };
}
