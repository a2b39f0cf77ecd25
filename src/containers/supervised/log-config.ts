import { isStrataError, StrataError } from '../../errors/index.ts';
import { parseSize } from '../../query/parse-size.ts';

/** Docker's `LogConfig`: how a container's output is kept. */
export interface LogConfig {
  /** `json-file` and `local` are the same here; `none` keeps no log; empty is the configuration's. */
  readonly Type: string;
  /** Options such as `max-size`, in bytes, as in `10m`. */
  readonly Config: Readonly<Record<string, string>>;
}

/**
 * A container that writes without end must not fill the disk: above this size, conmon discards the log and begins anew.
 */
const defaultMaxBytes = 128 << 20;

const fileOptions = ['max-size', 'max-file', 'mode'];
// Options of docker that Strata does not have yet.
const laterOptions: Readonly<Record<string, string>> = {
  compress: 'Leave the option out: a log is one file, which is not compressed.',
  'max-buffer-size': 'Leave the option out: a container waits until its output is kept.',
  ...Object.fromEntries(
    ['labels', 'labels-regex', 'env', 'env-regex', 'tag'].map((name) => [
      name,
      'Leave the option out: a log keeps only time, stream and text.',
    ]),
  ),
};
const laterDrivers = 'syslog journald gelf fluentd awslogs splunk gcplogs etwlogs'.split(' ');

/** True when a log is kept that can be read. */
export const keepsLog = (config: LogConfig | undefined): boolean => config?.Type !== 'none';

/** Returns the size above which a log is begun anew. Throws as {@link checkLogConfig}. */
export function maxLogBytes({ Config = {} }: Partial<LogConfig> = {}): number {
  const text = Config['max-size'];
  return text === undefined ? defaultMaxBytes : sizeOf(text);
}

/**
 * Throws ERR_LOG_OPTION_INVALID for options that docker refuses, too, ERR_NOT_SUPPORTED_YET for options of docker that
 * Strata does not have yet.
 */
export function checkLogConfig({ Type, Config }: LogConfig): void {
  if (!['json-file', 'local', 'none'].includes(Type)) throw unknownDriver(Type);
  const names = Object.keys(Config);
  if (Type === 'none' && names.length > 0) {
    throw problem('invalid logging opts for driver none', 'Leave the options out: no log is kept.');
  }
  for (const name of names) checkOption(Type, name);
  maxLogBytes({ Config });
  const files = Config['max-file'];
  const mode = Config['mode'] ?? 'blocking';
  if (files !== undefined && !/^[1-9]\d{0,8}$/.test(files)) {
    throw problem('max-file cannot be less than 1', 'A log is one file: use max-file=1.');
  }
  if (files !== undefined && Number(files) !== 1) {
    const hint = 'A log is one file. Leave the option out, and set max-size to the size of all files together.';
    throw notYet(`max-file=${files}`, hint);
  }
  if (mode === 'non-blocking')
    throw notYet('mode=non-blocking', 'Leave the option out: a container waits until its output is kept.');
  if (mode !== 'blocking')
    throw problem(`logger: logging mode not supported: ${mode.slice(0, 100)}`, 'Use mode=blocking.');
}

function checkOption(driver: string, name: string): void {
  if (fileOptions.includes(name)) return;
  const hint = laterOptions[name];
  if (hint !== undefined) throw notYet(name, hint);
  throw problem(
    `unknown log opt '${name.slice(0, 100)}' for ${driver} log driver`,
    'Use max-size, as in max-size=10m.',
  );
}

function sizeOf(text: string): number {
  try {
    // Docker's units for sizes on disk, of 1000.
    const bytes = parseSize(text, 1000);
    if (bytes > 0) return bytes;
  } catch (error) {
    if (!isStrataError(error, 'ERR_SIZE_INVALID')) throw error;
    throw problem(error.message, 'A size is a number with k, m or g behind it: max-size=10m.');
  }
  throw problem('max-size must be a positive number', 'Give a size such as max-size=10m.');
}

function unknownDriver(name: string): StrataError {
  const hint = 'Use json-file, which is the default, local or none; a program that follows the log can pass it on.';
  if (laterDrivers.includes(name)) return notSupported(`log driver ${name}`, hint);
  const short = name.slice(0, 100);
  return problem(`error looking up logging plugin ${short}: plugin "${short}" not found`, hint);
}

const problem = (message: string, hint: string): StrataError =>
  new StrataError({ code: 'ERR_LOG_OPTION_INVALID', message, hint });

const notSupported = (what: string, hint: string): StrataError =>
  new StrataError({
    code: 'ERR_NOT_SUPPORTED_YET',
    message: `${what}: not supported yet`,
    hint,
  });

const notYet = (option: string, hint: string): StrataError => notSupported(`log option ${option}`, hint);
