import { resolveConfiguration } from '../../src/configuration/resolve-configuration.ts';
import type { Configuration } from '../../src/configuration/settings.ts';

/** What holds where nothing is configured. */
export const defaultConfiguration: Configuration = resolveConfiguration({
  options: {},
  environment: {},
  file: undefined,
}).values;
