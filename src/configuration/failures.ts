import { StrataError } from '../errors/index.ts';

const usualHint = 'Correct the file, or name another one. See docs/configuration.md for the settings.';

/** Creates the error for an invalid setting or file. */
export const configurationInvalid = (message: string, hint: string = usualHint): StrataError =>
  new StrataError({ code: 'ERR_CONFIGURATION_INVALID', message, hint });

/** Creates the error for a file that cannot be read, or must not be trusted. */
export const configurationUnusable = (path: string, problem: string, hint: string, cause?: unknown): StrataError =>
  new StrataError({
    code: 'ERR_CONFIGURATION_UNUSABLE',
    message: `configuration file ${path}: ${problem}`,
    hint,
    ...(cause === undefined ? {} : { cause }),
  });
