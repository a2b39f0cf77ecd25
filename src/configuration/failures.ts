import { StrataError } from '../errors/index.ts';

const usualHint = 'Mend the file, or name another one; docs/configuration.md lists what may stand in it.';

/** For a configuration that says what cannot be. */
export const configurationInvalid = (message: string, hint: string = usualHint): StrataError =>
  new StrataError({ code: 'ERR_CONFIGURATION_INVALID', message, hint });

/** For a configuration file that cannot be read, or must not be relied on. */
export const configurationUnusable = (path: string, problem: string, hint: string, cause?: unknown): StrataError =>
  new StrataError({
    code: 'ERR_CONFIGURATION_UNUSABLE',
    message: `configuration file ${path}: ${problem}`,
    hint,
    ...(cause === undefined ? {} : { cause }),
  });
