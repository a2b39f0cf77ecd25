import type { Configuration } from '../../../configuration/settings.ts';
import type { HostOptions } from '../../../containers/host-options.ts';
import { usualRuntime } from '../../../containers/runtime/find-runtime.ts';
import type { LogConfig } from '../../../containers/supervised/log-config.ts';

type Defaults = Pick<Configuration, 'logDriver' | 'logOptions' | 'defaultRuntime'>;

/**
 * Fills in the configuration's defaults. They are fixed when a container is created, so that a later configuration does not
 * change existing containers. Values equal to the built-in defaults are not recorded.
 */
export function withDefaults(host: HostOptions, defaults: Defaults): HostOptions {
  const { LogConfig: requested, Runtime, ...rest } = host;
  const log = logConfig(requested, defaults);
  const isUsual = requested === undefined && log.Type === 'json-file' && Object.keys(log.Config).length === 0;
  const runtime = Runtime || (defaults.defaultRuntime === usualRuntime ? Runtime : defaults.defaultRuntime);
  return {
    ...rest,
    ...(isUsual ? {} : { LogConfig: log }),
    ...(runtime === undefined ? {} : { Runtime: runtime }),
  };
}

/** Merges log options. As with docker, those of the configuration apply to its own driver only. */
function logConfig(requested: LogConfig | undefined, { logDriver, logOptions }: Defaults): LogConfig {
  const Type = requested?.Type || logDriver;
  const merged = { ...(Type === logDriver ? logOptions : {}), ...requested?.Config };
  return { Type, Config: Object.fromEntries(Object.entries(merged).toSorted(byName)) };
}

const byName = ([a]: readonly [string, string], [b]: readonly [string, string]): number => (a < b ? -1 : a > b ? 1 : 0);
