import type { Configuration } from '../../../configuration/settings.ts';
import type { HostOptions } from '../../../containers/host-options.ts';
import { usualRuntime } from '../../../containers/runtime/find-runtime.ts';
import type { LogConfig } from '../../../containers/supervised/log-config.ts';

type Defaults = Pick<Configuration, 'logDriver' | 'logOptions' | 'defaultRuntime'>;

/**
 * What is asked for, with what the configuration says of the rest: it is settled when a container is made, so that a later
 * configuration changes none that is there. What would be so without a configuration is not recorded.
 */
export function withDefaults(host: HostOptions, defaults: Defaults): HostOptions {
  const { LogConfig: asked, Runtime, ...rest } = host;
  const log = logConfig(asked, defaults);
  const isUsual = asked === undefined && log.Type === 'json-file' && Object.keys(log.Config).length === 0;
  const runtime = Runtime || (defaults.defaultRuntime === usualRuntime ? Runtime : defaults.defaultRuntime);
  return {
    ...rest,
    ...(isUsual ? {} : { LogConfig: log }),
    ...(runtime === undefined ? {} : { Runtime: runtime }),
  };
}

/** As with docker, the options of the configuration are for its own driver only. */
function logConfig(asked: LogConfig | undefined, { logDriver, logOptions }: Defaults): LogConfig {
  const Type = asked?.Type || logDriver;
  const merged = { ...(Type === logDriver ? logOptions : {}), ...asked?.Config };
  return { Type, Config: Object.fromEntries(Object.entries(merged).toSorted(byName)) };
}

const byName = ([a]: readonly [string, string], [b]: readonly [string, string]): number => (a < b ? -1 : a > b ? 1 : 0);
