import type { HostMount, HostOptions } from '../../containers/host-options.ts';
import { parseBind } from '../../containers/mounts/parse-bind.ts';
import type { JsonValue } from '../../errors/index.ts';
import { cleanPath } from '../../lib/clean-path.ts';

/** Docker's `Mounts` of inspect: what is bound and what `--mount` makes, not what `--tmpfs` does. */
export const shownMounts = ({ Binds = [], Mounts = [] }: HostOptions): JsonValue[] =>
  [...Binds.map(boundByText), ...Mounts.map(mounted)].toSorted((a, b) => (a.Destination < b.Destination ? -1 : 1));

interface ShownMount {
  readonly [key: string]: JsonValue;
  readonly Destination: string;
}

function boundByText(text: string): ShownMount {
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

function mounted({ Type, Source = '', Target, ReadOnly = false, BindOptions = {} }: HostMount): ShownMount {
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
