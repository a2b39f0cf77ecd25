import { isIP } from 'node:net';
import type { Command } from 'commander';
import type { HostDevice, HostUlimit } from '../../engine/index.ts';
import { isStrataError } from '../../errors/index.ts';
import { parseSize } from '../../query/parse-size.ts';
import { wrongValue } from './flags.ts';

/** An invalid value, in docker's words. */
export class FlagProblem extends Error {}

/** Reads the value of a flag by one of the functions below. Throws ERR_USAGE in docker's words. */
export function readFlag<Value>(command: Command, flag: string, text: string, read: (text: string) => Value): Value {
  try {
    return read(text);
  } catch (error) {
    if (error instanceof FlagProblem) throw wrongValue(command, text, flag, error.message);
    if (isStrataError(error)) throw wrongValue(command, text, flag, error.message, error.hint);
    throw error;
  }
}

/** Parses bytes, such as `512m`; units are powers of 1024. */
export const parseBytes = (text: string): number => parseSize(text, 1024);

/** Parses bytes, or -1 for no limit. */
export const parseBytesOrUnlimited = (text: string): number => (text === '-1' ? -1 : parseBytes(text));

export function parseInteger(text: string): number {
  if (/^[+-]?\d{1,15}$/.test(text)) return Number(text);
  throw new FlagProblem(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
}

/** Parses a number of processors, such as `1.5`, into billionths. */
export function parseNanoCpus(text: string): number {
  const [, above = '', below = '1'] = /^([+-]?\d{1,9}(?:\.\d*)?|[+-]?\.\d+)(?:\/(\d{1,9}))?$/.exec(text) ?? [];
  const nano = (Number(above) / Number(below)) * 1e9;
  if (above === '' || !Number.isFinite(nano)) throw new FlagProblem(`failed to parse ${text} as a rational number`);
  if (Math.abs(nano - Math.round(nano)) > 1e-6) throw new FlagProblem('value is too precise');
  return Math.round(nano);
}

const ulimitNames: ReadonlySet<string> = new Set(
  'core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack'.split(' '),
);

/** Parses `nofile=100:200`. */
export function parseUlimit(text: string): HostUlimit {
  const [, Name, limits] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
  if (Name === undefined || limits === undefined) throw new FlagProblem(`invalid ulimit argument: ${text}`);
  if (!ulimitNames.has(Name)) throw new FlagProblem(`invalid ulimit type: ${Name}`);
  const [soft = '', hard = soft, ...more] = limits.split(':');
  if (more.length > 0) {
    throw new FlagProblem(`too many limit value arguments - ${limits}, can only have up to two, \`soft[:hard]\``);
  }
  const [Soft, Hard] = [parseInteger(soft), parseInteger(hard)];
  const rule = 'ulimit soft limit must be less than or equal to hard limit';
  if (Hard !== -1 && Soft === -1) throw new FlagProblem(`${rule}: soft: -1 (unlimited), hard: ${Hard}`);
  if (Hard !== -1 && Soft > Hard) throw new FlagProblem(`${rule}: ${Soft} > ${Hard}`);
  return { Name, Soft, Hard };
}

/** Parses `/dev/host[:/dev/inside][:rwm]`. */
export function parseDevice(text: string): HostDevice {
  const [host = '', second, third, ...more] = text.split(':');
  const isMode = (word = ''): boolean => /^[rwm]{1,3}$/.test(word);
  if (more.length > 0 || host === '') throw new FlagProblem(`bad format for path: ${text}`);
  if (third !== undefined && !isMode(third)) throw new FlagProblem(`bad mode specified: ${third}`);
  const isSecondMode = third === undefined && isMode(second);
  const inside = isSecondMode || second === undefined ? host : second;
  if (!inside.startsWith('/')) throw new FlagProblem(`${inside} is not an absolute path`);
  return {
    PathOnHost: host,
    PathInContainer: inside,
    CgroupPermissions: third ?? (isSecondMode && second ? second : 'rwm'),
  };
}

/** Parses `name:address` or `name=address` into `name:address`. The address may be `host-gateway`. */
export function parseExtraHost(text: string): string {
  const [, name = '', given = ''] = /^([^=]*)=(.*)$/s.exec(text) ?? /^([^:]*):(.*)$/s.exec(text) ?? [];
  // A space or line feed would forge an entry in /etc/hosts.
  if (name === '' || /\s/.test(name)) throw new FlagProblem(`bad format for add-host: ${JSON.stringify(text)}`);
  if (given === 'host-gateway') return `${name}:${given}`;
  const address = given.replace(/^\[(.+)\]$/, '$1');
  if (isIP(address) === 0) throw new FlagProblem(`invalid IP address in add-host: ${JSON.stringify(given)}`);
  return `${name}:${address}`;
}

export function parseAddress(text: string): string {
  if (isIP(text.trim()) === 0) throw new FlagProblem(`IP address is not correctly formatted: ${text}`);
  return text.trim();
}

export function parseSearchDomain(text: string): string {
  const domain = text.trim();
  if (
    domain === '.' ||
    /^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?$/.test(domain)
  ) {
    return domain;
  }
  throw new FlagProblem(`${text} is not a valid domain`);
}

/** Checks an option of resolv.conf(5): one word. */
export function parseDnsOption(text: string): string {
  if (/^\S{1,200}$/.test(text)) return text;
  throw new FlagProblem(`${JSON.stringify(text)} is not an option`);
}

/** Parses `name=value`. */
export function parseSysctl(text: string): readonly [string, string] {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new FlagProblem(`sysctl '${text}' is not allowed`);
  return [name, value];
}

/** Parses `name[=value]`. */
export function parsePair(text: string): readonly [string, string] {
  const [name = ''] = text.split('=', 1);
  if (name === '') throw new FlagProblem(`invalid key: ${text}`);
  return [name, text.slice(name.length + 1)];
}
