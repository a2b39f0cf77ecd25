import { isStrataError, type StrataError } from '../errors/index.ts';
import { nearestIndex } from '../lib/nearest-index.ts';
import { JsonFields } from '../spec/fields.ts';
import { type Json, parseJson } from '../spec/parse-json.ts';
import { configurationInvalid } from './failures.ts';
import { maxConfigurationBytes } from './limits.ts';
import { type Configuration, type SettingName, settingNames, settings } from './settings.ts';

/** Parses the values of a configuration file. An empty file has none. Throws ERR_CONFIGURATION_INVALID. */
export function parseConfiguration(path: string, bytes: Uint8Array): Partial<Configuration> {
  if (!bytes.some((byte) => !blanks.includes(byte))) return {};
  try {
    const file = new JsonFields(jsonOf(path, bytes), [], path);
    refuseUnknown(path, file.names());
    return Object.fromEntries(settingNames.flatMap((name) => read(name, file)));
  } catch (error) {
    if (!isStrataError(error, 'ERR_DOCUMENT_INVALID')) throw error;
    throw configurationInvalid(error.message);
  }
}

const blanks: readonly number[] = Array.from(' \t\r\n', (character) => character.charCodeAt(0));

function read(name: SettingName, file: JsonFields): [SettingName, unknown][] {
  const { type, key } = settings[name];
  const value = type.read(file, key);
  return value === undefined ? [] : [[name, value]];
}

/**
 * Refuses unknown keys. One may be mistyped, or belong to a later version that makes containers safer, so ignoring it
 * would not do what the file says. Docker's daemon refuses them in the same words.
 */
function refuseUnknown(path: string, keys: readonly string[]): void {
  const known = settingNames.map((name) => settings[name].key);
  const unknown = keys.filter((key) => !known.includes(key));
  if (unknown.length === 0) return;
  const meant = unknown.flatMap((key) => known[nearestIndex(key, known) ?? -1] ?? []);
  throw configurationInvalid(
    `${path}: the following directives don't match any configuration option: ${unknown.map(shorten).join(', ')}`,
    `${meant.length === 0 ? '' : `Did you mean ${[...new Set(meant)].join(', ')}? `}Valid keys are ${known.join(', ')}.`,
  );
}

const shorten = (key: string): string => key.slice(0, 100);

function jsonOf(path: string, bytes: Uint8Array): Json {
  try {
    return parseJson(bytes, { what: path, maxBytes: maxConfigurationBytes });
  } catch (error) {
    if (!isStrataError(error, 'ERR_JSON_INVALID') && !isStrataError(error, 'ERR_JSON_TOO_LARGE')) throw error;
    throw configurationInvalid(withPosition(path, bytes, error));
  }
}

/** Returns the message with line and column in place of the offset. */
function withPosition(path: string, bytes: Uint8Array, { message, details }: StrataError): string {
  const { offset, problem } = details ?? {};
  if (typeof offset !== 'number' || typeof problem !== 'string') return message;
  const lines = new TextDecoder().decode(bytes).slice(0, offset).split('\n');
  return `${path}: invalid JSON: ${problem} in line ${lines.length}, column ${(lines.at(-1) ?? '').length + 1}`;
}
