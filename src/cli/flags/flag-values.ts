import { isIP } from 'node:net';
import type { Command } from 'commander';
import type { HostDevice, HostUlimit } from '../../engine/index.ts';
import { isStrataError } from '../../errors/index.ts';
import { parseSize } from '../../query/parse-size.ts';
import { wrongValue } from './flags.ts';

/** What is wrong with a value, in docker's words. */
export class FlagProblem extends Error {}

/** A value of a flag, read by one of the functions below. Throws ERR_USAGE in docker's words. */
export function readFlag<Value>(command: Command, flag: string, text: string, read: (text: string) => Value): Value {
  try {
    return read(text);
  } catch (error) {
    if (error instanceof FlagProblem || isStrataError(error)) throw wrongValue(command, text, flag, error.message);
    throw error;
  }
}

/** `512m`: bytes, units being powers of 1024. */
export const bytes = (text: string): number => parseSize(text, 1024);

/** The same, or -1 for no limit. */
export const bytesOrNone = (text: string): number => (text === '-1' ? -1 : bytes(text));

export function integer(text: string): number {
  if (/^[+-]?\d{1,15}$/.test(text)) return Number(text);
  throw new FlagProblem(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
}

/** `1.5` processors as billionths. */
export function nanoCpus(text: string): number {
  const [, above = '', below = '1'] = /^([+-]?\d{1,9}(?:\.\d*)?|[+-]?\.\d+)(?:\/(\d{1,9}))?$/.exec(text) ?? [];
  const nano = (Number(above) / Number(below)) * 1e9;
  if (above === '' || !Number.isFinite(nano)) throw new FlagProblem(`failed to parse ${text} as a rational number`);
  if (Math.abs(nano - Math.round(nano)) > 1e-6) throw new FlagProblem('value is too precise');
  return Math.round(nano);
}

const ulimitNames: ReadonlySet<string> = new Set(
  'core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack'.split(' '),
);

/** `nofile=100:200`. */
export function ulimit(text: string): HostUlimit {
  const [, Name, limits] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
  if (Name === undefined || limits === undefined) throw new FlagProblem(`invalid ulimit argument: ${text}`);
  if (!ulimitNames.has(Name)) throw new FlagProblem(`invalid ulimit type: ${Name}`);
  const [soft = '', hard = soft, ...more] = limits.split(':');
  if (more.length > 0) {
    throw new FlagProblem(`too many limit value arguments - ${limits}, can only have up to two, \`soft[:hard]\``);
  }
  const [Soft, Hard] = [integer(soft), integer(hard)];
  const rule = 'ulimit soft limit must be less than or equal to hard limit';
  if (Hard !== -1 && Soft === -1) throw new FlagProblem(`${rule}: soft: -1 (unlimited), hard: ${Hard}`);
  if (Hard !== -1 && Soft > Hard) throw new FlagProblem(`${rule}: ${Soft} > ${Hard}`);
  return { Name, Soft, Hard };
}

/** `/dev/host[:/dev/inside][:rwm]`. */
export function device(text: string): HostDevice {
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

/** `name:address` or `name=address` as `name:address`; `host-gateway` for this machine's. */
export function extraHost(text: string): string {
  const [, name = '', given = ''] = /^([^=]*)=(.*)$/s.exec(text) ?? /^([^:]*):(.*)$/s.exec(text) ?? [];
  // What is written into a file of lines has none of its own.
  if (name === '' || /\s/.test(name)) throw new FlagProblem(`bad format for add-host: ${JSON.stringify(text)}`);
  if (given === 'host-gateway') return `${name}:${given}`;
  const address = given.replace(/^\[(.+)\]$/, '$1');
  if (isIP(address) === 0) throw new FlagProblem(`invalid IP address in add-host: ${JSON.stringify(given)}`);
  return `${name}:${address}`;
}

export function address(text: string): string {
  if (isIP(text.trim()) === 0) throw new FlagProblem(`IP address is not correctly formatted: ${text}`);
  return text.trim();
}

export function searchDomain(text: string): string {
  const domain = text.trim();
  if (
    domain === '.' ||
    /^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?$/.test(domain)
  ) {
    return domain;
  }
  throw new FlagProblem(`${text} is not a valid domain`);
}

/** An option of resolv.conf(5): one word. */
export function dnsOption(text: string): string {
  if (/^\S{1,200}$/.test(text)) return text;
  throw new FlagProblem(`${JSON.stringify(text)} is not an option`);
}

/** `name=value`, both given. */
export function sysctl(text: string): readonly [string, string] {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new FlagProblem(`sysctl '${text}' is not allowed`);
  return [name, value];
}

/** `name[=value]`. */
export function pair(text: string): readonly [string, string] {
  const [name = ''] = text.split('=', 1);
  if (name === '') throw new FlagProblem(`invalid key: ${text}`);
  return [name, text.slice(name.length + 1)];
}
