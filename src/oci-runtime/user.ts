import { StrataError } from '../errors/index.ts';

/** Numeric identity of a process, and its user's home directory. */
export interface ProcessUser {
  readonly uid: number;
  readonly gid: number;
  readonly additionalGids: readonly number[];
  readonly home: string;
}

export interface UserDatabases {
  /** Text of the image's /etc/passwd and /etc/group; empty for a missing file. */
  readonly passwd: string;
  readonly group: string;
}

interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

interface GroupEntry {
  readonly name: string;
  readonly gid: number;
  /** Names separated by commas. */
  readonly members: string;
}

// Kernel IDs are 32 bits and -1 is reserved; docker allows half of that. A larger number must never wrap to 0
// (CVE-2024-40635).
const maxId = 2 ** 31 - 1;

const number = (text: string | undefined): number | undefined => {
  if (text === undefined || !/^\d{1,10}$/.test(text)) return undefined;
  const value = Number(text);
  return value <= maxId ? value : undefined;
};

// A hostile line may be all colons or commas: it is split only as far as it is used.
const mostFields = 6;

const lines = (text: string): string[][] =>
  text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(':', mostFields));

const readPasswd = (text: string): PasswdEntry[] =>
  lines(text).flatMap(([name = '', , uid, gid, , home = '']) => {
    const ids = [number(uid), number(gid)] as const;
    return ids[0] === undefined || ids[1] === undefined ? [] : [{ name, uid: ids[0], gid: ids[1], home }];
  });

const readGroups = (text: string): GroupEntry[] =>
  lines(text).flatMap(([name = '', , gid, members = '']) => {
    const id = number(gid);
    return id === undefined ? [] : [{ name, gid: id, members }];
  });

// A list of millions of names is split only when it contains the name.
const isMember = (name: string, members: string): boolean =>
  name !== '' && members.includes(name) && members.split(',').includes(name);

const fail = (code: 'ERR_USER_UNKNOWN' | 'ERR_USER_INVALID', message: string): StrataError =>
  new StrataError({
    code,
    message,
    hint: 'Name a user or group of the image, or numbers from 0 to 2147483647.',
  });

/**
 * Returns the ID that `text` spells, undefined for a name. Digits above the limit are an error, never a name, which an
 * image could define.
 */
function asId(text: string, what: string): number | undefined {
  if (!/^[+-]?\d+$/.test(text)) return undefined;
  const id = number(text);
  if (id === undefined) throw fail('ERR_USER_INVALID', `${what} ${text}: uids and gids must be in range 0-${maxId}`);
  return id;
}

/**
 * Returns the IDs of additional groups, given by the names of the image or as numbers. Throws as {@link resolveUser}.
 */
export function resolveGroups(specs: readonly string[], { group }: UserDatabases): number[] {
  if (specs.length === 0) return [];
  const groups = readGroups(group);
  return specs.map((spec) => asId(spec, 'group') ?? gidOf(spec, groups));
}

function gidOf(name: string, groups: readonly GroupEntry[]): number {
  const found = groups.find((entry) => entry.name === name);
  if (found !== undefined) return found.gid;
  throw fail('ERR_USER_UNKNOWN', `unable to find group ${name}: no matching entries in group file`);
}

/**
 * Resolves `user[:group]` (names or numbers; empty means root) by the rules of docker's USER instruction: a name must
 * be in the image's files, a number need not. Throws ERR_USER_UNKNOWN or ERR_USER_INVALID.
 */
export function resolveUser(spec: string, databases: UserDatabases): ProcessUser {
  const [userText = '', groupText = '', ...more] = spec.split(':');
  if (more.length > 0) throw fail('ERR_USER_INVALID', `user ${JSON.stringify(spec)}: has more than one colon`);
  const passwd = readPasswd(databases.passwd);
  const groups = readGroups(databases.group);
  const id = userText === '' ? 0 : asId(userText, 'user');
  const entry = id === undefined ? passwd.find(({ name }) => name === userText) : passwd.find(({ uid }) => uid === id);
  if (id === undefined && entry === undefined) {
    throw fail('ERR_USER_UNKNOWN', `unable to find user ${userText}: no matching entries in passwd file`);
  }
  const base = { uid: id ?? entry?.uid ?? 0, home: entry?.home || '/' };
  if (groupText === '') {
    const additionalGids = entry
      ? groups.filter(({ members }) => isMember(entry.name, members)).map(({ gid }) => gid)
      : [];
    return { ...base, gid: entry?.gid ?? 0, additionalGids };
  }
  return { ...base, gid: asId(groupText, 'group') ?? gidOf(groupText, groups), additionalGids: [] };
}
