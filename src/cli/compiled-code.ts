import type { Script } from 'node:vm';

/** First line of a file of compiled code, in JSON. The code follows. */
interface CacheHeader {
  /** Inode, size and change time of the program's file. */
  readonly stamp: string;
  /** Numbers of the program's parts in the code. */
  readonly parts: readonly number[];
  readonly bytes: number;
}

interface CachedCode extends Pick<CacheHeader, 'stamp' | 'parts'> {
  readonly code: Uint8Array;
}

/** Exports of the program's file. */
export interface Program {
  /** A sparse array: each part appears at its number once it has run. */
  readonly parts: readonly unknown[];
}

// V8 copies code that does not begin at a multiple of this.
const alignment = 8;
// V8 drops the code of functions that were not called for a while, so a long run has little left to store.
const longestRunSeconds = 10;
const opening = '(function (exports, require, module, __filename, __dirname) { ';
const closing = '\n})';

/**
 * Runs a CommonJS file of ASCII with the compiled code that earlier runs stored in `cacheFile`, which saves compiling at
 * every start. Node's own cache stores the code compiled while a file is loaded, hardly more than a list of its
 * functions. This one is written when the work is done and has every function that was used.
 */
export class CompiledProgram {
  readonly exports: Program = { parts: [] };
  readonly #cacheFile: string | undefined;
  readonly #stamp: string;
  readonly #script: Script;
  readonly #known: ReadonlySet<number>;

  constructor(path: string, cacheFile: string | undefined) {
    const cached = cacheFile === undefined ? undefined : readCachedCode(cacheFile);
    const { text, stamp } = readProgram(path);
    const { Script } = process.getBuiltinModule('node:vm');
    const options = cached?.stamp === stamp ? { cachedData: cached.code } : {};
    this.#script = new Script(text, { filename: path, ...options });
    this.#cacheFile = cacheFile;
    this.#stamp = stamp;
    // `cachedDataRejected` is undefined without cached code.
    this.#known = new Set(this.#script.cachedDataRejected === false ? cached?.parts : []);
    const run = this.#script.runInThisContext() as (...given: readonly unknown[]) => void;
    run(this.exports, requireFrom(path), this, path, path.slice(0, path.lastIndexOf('/')));
  }

  /** True when a part without cached code has run. */
  get isIncomplete(): boolean {
    return this.#ran().some((part) => !this.#known.has(part));
  }

  /** Stores the code of all parts that have run, now or in earlier runs. Best effort: a failed write is ignored. */
  save(): void {
    if (this.#cacheFile === undefined) return;
    const parts = [...new Set([...this.#known, ...this.#ran()])];
    replace(this.#cacheFile, serialize({ stamp: this.#stamp, parts, code: this.#script.createCachedData() }));
  }

  /** Returns the numbers of the parts that have run; the others are holes in the array. */
  #ran(): number[] {
    return Object.keys(this.exports.parts).map(Number);
  }
}

/** Runs the program in the file `name` of `folder` as this process's main program. */
export function runProgram(folder: string, name: string): void {
  const program = new CompiledProgram(`${folder}/${name}`, cacheFileFor(folder, process.argv.slice(2), process.env));
  // The functions that a failed run used are not typical of its verb.
  process.on('exit', (code) => {
    if (code === 0 && program.isIncomplete && process.uptime() < longestRunSeconds) program.save();
  });
}

/** Returns the file of a call's compiled code. Each verb has its own, so that it reads no other verb's code. */
function cacheFileFor(folder: string, argv: readonly string[], env: NodeJS.ProcessEnv): string | undefined {
  const { NODE_COMPILE_CACHE: named, NODE_DISABLE_COMPILE_CACHE: off } = env;
  const uid = process.getuid?.();
  if (uid === undefined || off !== undefined) return undefined;
  const caches = named === undefined || named === '' ? compiledCodeFolder(uid, env) : named;
  if (caches === undefined || !makePrivateFolder(caches, uid)) return undefined;
  const { version, arch } = process;
  return `${caches}/${checksum(folder)}-${version}-${arch}-${verbOf(argv)}`;
}

const flagsWithValues = ['--config', '--root', '--storage-driver'];

/** Returns the first word that is neither a flag nor a flag's value, `other` for an unusual one, `none` without any. */
export function verbOf(argv: readonly string[]): string {
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] ?? '';
    if (flagsWithValues.includes(word)) at++;
    else if (!word.startsWith('-')) return /^[a-z]{1,20}$/.test(word) ? word : 'other';
  }
  return 'none';
}

/** Hashes a path, to give installations different files. Not cryptographic. */
function checksum(text: string): string {
  let sum = 0;
  for (let at = 0; at < text.length; at++) sum = (Math.imul(sum, 31) + text.charCodeAt(at)) >>> 0;
  return sum.toString(36);
}

/** Returns a `require` that loads Node's module loader only for modules that are not built in. */
function requireFrom(path: string): (asked: string) => unknown {
  let others: ((asked: string) => unknown) | undefined;
  return (asked) => {
    const builtin = process.getBuiltinModule(asked) as unknown;
    if (builtin !== undefined) return builtin;
    others ??= process.getBuiltinModule('node:module').createRequire(path);
    return others(asked);
  };
}

/** Reads the file wrapped as a function, into one buffer: V8 would have to flatten a concatenated string. */
function readProgram(path: string): { readonly text: string; readonly stamp: string } {
  const { closeSync, fstatSync, openSync, readSync } = process.getBuiltinModule('node:fs');
  const fd = openSync(path, 'r');
  try {
    const { ino, size, ctimeNs } = fstatSync(fd, { bigint: true });
    const bytes = Buffer.allocUnsafeSlow(opening.length + Number(size) + closing.length);
    let at = bytes.write(opening, 'latin1');
    for (let got = -1; got !== 0; at += got) got = readSync(fd, bytes, at, bytes.length - closing.length - at, null);
    at += bytes.write(closing, at, 'latin1');
    return { text: bytes.toString('latin1', 0, at), stamp: `${ino} ${size} ${ctimeNs}` };
  } finally {
    closeSync(fd);
  }
}

/** Best effort: a missing or truncated file counts as absent. */
function readCachedCode(cacheFile: string): CachedCode | undefined {
  try {
    const bytes = process.getBuiltinModule('node:fs').readFileSync(cacheFile);
    const line = bytes.indexOf(10) + 1;
    const { stamp, parts, bytes: length } = JSON.parse(bytes.toString('latin1', 0, line)) as CacheHeader;
    return bytes.length === line + length ? { stamp, parts, code: bytes.subarray(line) } : undefined;
  } catch {
    return undefined;
  }
}

function serialize({ stamp, parts, code }: CachedCode): Buffer {
  const head: CacheHeader = { stamp, parts, bytes: code.length };
  const text = JSON.stringify(head);
  const length = Math.ceil((text.length + 1) / alignment) * alignment;
  return Buffer.concat([Buffer.from(`${text.padEnd(length - 1)}\n`), code]);
}

/** Replaces the file atomically, also across a power cut: V8 does not verify the code that it is given. */
function replace(path: string, bytes: Buffer): void {
  const { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } = process.getBuiltinModule('node:fs');
  const temporary = `${path}.${process.pid}`;
  try {
    const fd = openSync(temporary, 'wx', 0o600);
    try {
      if (writeSync(fd, bytes) < bytes.length) throw new Error('the disk is full');
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
  } catch {
    rmSync(temporary, { force: true });
  }
}

/**
 * Returns the folder of compiled code; undefined if the user has no home. Node's default is in /tmp, where another user
 * may have created it first, and a writer of that folder runs code as its reader. Root's folder does not depend on
 * HOME, which sudo may leave at another user's home.
 */
export function compiledCodeFolder(uid: number, env: NodeJS.ProcessEnv): string | undefined {
  if (uid === 0) return '/var/cache/strata';
  // The XDG Base Directory Specification says to ignore a relative path.
  const { XDG_CACHE_HOME: caches = '', HOME: home = '' } = env;
  if (caches.startsWith('/')) return `${caches}/strata`;
  return home.startsWith('/') ? `${home}/.cache/strata` : undefined;
}

/**
 * Creates a missing folder. Returns true if only `uid` (and root) can put files into it, false also if it cannot be
 * created.
 */
export function makePrivateFolder(folder: string, uid: number): boolean {
  const { existsSync, lstatSync, mkdirSync } = process.getBuiltinModule('node:fs');
  try {
    // Not `recursive`: below a dangling symlink Node loops for ever.
    for (const path of [folder.slice(0, folder.lastIndexOf('/')), folder])
      if (!existsSync(path)) mkdirSync(path, 0o700);
    const stat = lstatSync(folder);
    return stat.isDirectory() && stat.uid === uid && (stat.mode & 0o022) === 0;
  } catch {
    return false;
  }
}
