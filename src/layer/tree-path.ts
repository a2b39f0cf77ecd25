import { StrataError } from '../errors/index.ts';
import { displayBytes } from '../lib/bytes.ts';

// A *tree path* is the path of an entry in a tree in its one clean form: bytes from the root, components joined by one
// slash, no slash in front or behind, neither `.` nor `..`. The root is empty. Archives write paths in many forms
// (`./a/`, `/a`).

const slash = 0x2f;
const dot = 0x2e;

/** PATH_MAX without its NUL: no single system call takes a longer path. */
export const maxPathBytes = 4095;

/**
 * Returns a path of an archive as a tree path, by its text alone: `.` and doubled slashes are removed, `a/../b` becomes
 * `b`, a leading slash means the root. The result is a view of `path` when possible.
 * @throws ERR_LAYER_PATH_ESCAPE when `..` climbs above the root, ERR_LAYER_ENTRY_INVALID for a NUL or an overlong path
 */
export function normalizePath(path: Uint8Array): Uint8Array {
  let start = 0;
  let end = path.length;
  while (start < end && path[start] === slash) start++;
  while (start + 1 < end && path[start] === dot && path[start + 1] === slash) {
    start += 2;
    while (start < end && path[start] === slash) start++;
  }
  while (end > start && path[end - 1] === slash) end--;
  if (end - start === 1 && path[start] === dot) end = start;
  if (!isClean(path, start, end)) return rebuild(path);
  if (end - start > maxPathBytes) throw overlong(path);
  return start === 0 && end === path.length ? path : path.subarray(start, end);
}

/** True when no component between `start` and `end` is empty, `.` or `..`, and no byte is NUL. */
function isClean(path: Uint8Array, start: number, end: number): boolean {
  let componentStart = start;
  for (let at = start; at < end; at++) {
    const byte = path[at];
    if (byte === slash) {
      if (isSpecial(path, componentStart, at)) return false;
      componentStart = at + 1;
    } else if (byte === 0) return false;
  }
  return start === end || !isSpecial(path, componentStart, end);
}

function isSpecial(path: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  return length === 0 || (length <= 2 && path[start] === dot && path[end - 1] === dot);
}

function rebuild(path: Uint8Array): Uint8Array {
  if (path.includes(0)) throw invalidEntry(path, 'its path holds a NUL byte');
  const parts: Uint8Array[] = [];
  for (const component of components(path)) {
    if (component.length === 2 && component[0] === dot && component[1] === dot) {
      if (parts.pop() === undefined) {
        throw new StrataError({
          code: 'ERR_LAYER_PATH_ESCAPE',
          message: `layer entry ${quote(path)}: leads out of the root`,
          hint: faultyLayer,
        });
      }
    } else if (component.length > 1 || component[0] !== dot) parts.push(component);
  }
  const clean = joinPath(parts);
  if (clean.length > maxPathBytes) throw overlong(path);
  return clean;
}

const overlong = (path: Uint8Array): StrataError => invalidEntry(path, `its path is longer than ${maxPathBytes} bytes`);

/** Returns the components of a path, without empty ones. */
export function components(path: Uint8Array): Uint8Array[] {
  const parts: Uint8Array[] = [];
  let start = 0;
  for (let at = 0; at <= path.length; at++) {
    if (at < path.length && path[at] !== slash) continue;
    if (at > start) parts.push(path.subarray(start, at));
    start = at + 1;
  }
  return parts;
}

export function joinPath(parts: readonly Uint8Array[]): Uint8Array {
  let length = Math.max(parts.length - 1, 0);
  for (const part of parts) length += part.length;
  const path = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    if (at > 0) path[at++] = slash;
    path.set(part, at);
    at += part.length;
  }
  return path;
}

/** Returns the path of `name` in the directory at `parent`. */
export const childPath = (parent: Uint8Array, name: Uint8Array): Uint8Array =>
  parent.length === 0 ? name : joinPath([parent, name]);

/** Returns the offset of the last component; 0 when there is only one. */
export function nameStart(path: Uint8Array): number {
  return path.lastIndexOf(slash) + 1;
}

/** Returns the last component; a dot for the root. */
export const nameOf = (path: Uint8Array): Uint8Array => (path.length === 0 ? dotName : path.subarray(nameStart(path)));

const dotName = new Uint8Array([dot]);

/** Returns the directory of a path; the root's is the root. */
export function parentPath(path: Uint8Array): Uint8Array {
  return path.subarray(0, Math.max(nameStart(path) - 1, 0));
}

/**
 * Compares by the order of an archive that is written parents first: bytewise by component, so that everything inside
 * `a` comes before `a-b`. It is the order of bytes with the slash below all others.
 */
export function comparePaths(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const left = a[at] as number;
    const right = b[at] as number;
    if (left !== right) return (left === slash ? 0 : left) - (right === slash ? 0 : right);
  }
  return a.length - b.length;
}

/** Returns true for a path below a directory, and for the directory itself. */
export function isInside(path: Uint8Array, directory: Uint8Array): boolean {
  const { length } = directory;
  if (length === 0) return true;
  if (path.length < length || (path.length > length && path[length] !== slash)) return false;
  for (let at = 0; at < length; at++) if (path[at] !== directory[at]) return false;
  return true;
}

/** Returns a tree path as latin1 text, one char per byte: the key of maps. */
export const pathKey = (path: Uint8Array): string =>
  Buffer.from(path.buffer, path.byteOffset, path.byteLength).toString('latin1');

export const pathFromKey = (key: string): Uint8Array => new Uint8Array(Buffer.from(key, 'latin1'));

/** Returns the key of the directory above; for the root its own. */
export const parentKey = (key: string): string => key.slice(0, Math.max(key.lastIndexOf('/'), 0));

/** Returns the key of a name in a directory; all three are keys. */
export const childKey = (parent: string, name: string): string => (parent === '' ? name : `${parent}/${name}`);

/** Returns true for a name of exactly `count` dots: the components `.` and `..`, which no tree path has. */
export const isDots = (name: Uint8Array, count: number): boolean =>
  name.length === count && name.every((byte) => byte === dot);

const quote = (path: Uint8Array): string => JSON.stringify(displayBytes(path.subarray(0, 200)));

const faultyLayer =
  'Make the image again with another program, or report it to its publisher: this layer is faulty or hostile. Nothing of it was used.';

/** Returns the error for an entry that no filesystem tree can hold, or that is refused for safety. */
export function invalidEntry(
  path: Uint8Array,
  why: string,
  { hint = faultyLayer, cause }: { readonly hint?: string; readonly cause?: unknown } = {},
): StrataError {
  return new StrataError({
    code: 'ERR_LAYER_ENTRY_INVALID',
    message: `layer entry ${quote(path)}: ${why}`,
    hint,
    ...(cause === undefined ? {} : { cause }),
  });
}
