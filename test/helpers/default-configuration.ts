import { resolveConfiguration } from '../../src/configuration/resolve-configuration.ts';
import type { Configuration } from '../../src/configuration/settings.ts';

/** Configuration without options, variables and a file: every default. */
export const defaultConfiguration: Configuration = resolveConfiguration({
  options: {},
  environment: {},
  file: undefined,
}).values;
