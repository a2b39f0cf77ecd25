import type { Script } from 'node:vm';

/** What a file of compiled code begins with, a line of JSON; the code follows. */
interface Head {
  /** Changes whenever the program's file does. */
  readonly stamp: string;
  /** Parts of the program whose code this is. */
  readonly parts: readonly number[];
  readonly bytes: number;
}

interface Kept extends Pick<Head, 'stamp' | 'parts'> {
  readonly code: Uint8Array;
}

/** What the program's file exports. */
export interface Program {
  /** Its parts, each at its place once it has run. */
  readonly parts: readonly unknown[];
}

// V8 copies code that does not lie at a multiple of this.
const alignment = 8;
// V8 forgets the code of functions that a process has long not called: one that ran for long has little to keep.
const longestRunSeconds = 10;
const opening = '(function (exports, require, module, __filename, __dirname) { ';
const closing = '\n})';

/**
 * Runs a CommonJS file of ASCII with the compiled code that earlier runs kept in `store`: of all that a start costs,
 * compiling is the part that can be saved. Node's own cache keeps what is compiled while a file is loaded, which is
 * hardly more than a list of its functions; this one is written when the work is done and has every function it took.
 */
export class CompiledProgram {
  readonly exports: Program = { parts: [] };
  readonly #store: string | undefined;
  readonly #stamp: string;
  readonly #script: Script;
  readonly #known: ReadonlySet<number>;

  constructor(path: string, store: string | undefined) {
    const kept = store === undefined ? undefined : keptIn(store);
    const { text, stamp } = read(path);
    const { Script } = process.getBuiltinModule('node:vm');
    const cached = kept?.stamp === stamp ? { cachedData: kept.code } : {};
    this.#script = new Script(text, { filename: path, ...cached });
    this.#store = store;
    this.#stamp = stamp;
    // Undefined when there was none.
    this.#known = new Set(this.#script.cachedDataRejected === false ? kept?.parts : []);
    const run = this.#script.runInThisContext() as (...given: readonly unknown[]) => void;
    run(this.exports, requireFrom(path), this, path, path.slice(0, path.lastIndexOf('/')));
  }

  /** True when a part has run for which no code was kept. */
  get isIncomplete(): boolean {
    return this.#ran().some((part) => !this.#known.has(part));
  }

  /** Keeps the code of all that has run, beside what was kept of other parts. Does without where it cannot be written. */
  save(): void {
    if (this.#store === undefined) return;
    const parts = [...new Set([...this.#known, ...this.#ran()])];
    replace(this.#store, fileOf({ stamp: this.#stamp, parts, code: this.#script.createCachedData() }));
  }

  /** Without the holes, which are parts that nobody asked for. */
  #ran(): number[] {
    return Object.keys(this.exports.parts).map(Number);
  }
}

/** Runs `name` of `folder` as the program this process is. */
export function runProgram(folder: string, name: string): void {
  const program = new CompiledProgram(`${folder}/${name}`, storeFor(folder, process.argv.slice(2), process.env));
  // A run that failed may have taken quite another way than others of its kind.
  process.on('exit', (code) => {
    if (code === 0 && program.isIncomplete && process.uptime() < longestRunSeconds) program.save();
  });
}

/** Where compiled code of a call is kept: each verb has what it takes, and no more to read. */
function storeFor(folder: string, argv: readonly string[], env: NodeJS.ProcessEnv): string | undefined {
  const { NODE_COMPILE_CACHE: named, NODE_DISABLE_COMPILE_CACHE: off } = env;
  const uid = process.getuid?.();
  if (uid === undefined || off !== undefined) return undefined;
  const caches = named === undefined || named === '' ? compiledCodeFolder(uid, env) : named;
  if (caches === undefined || !isPrivate(caches, uid)) return undefined;
  const { version, arch } = process;
  return `${caches}/${checksum(folder)}-${version}-${arch}-${verbOf(argv)}`;
}

const flagsWithValues = ['--config', '--root', '--storage-driver'];

/** The first word that is neither a flag nor a flag's value. */
export function verbOf(argv: readonly string[]): string {
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] ?? '';
    if (flagsWithValues.includes(word)) at++;
    else if (!word.startsWith('-')) return /^[a-z]{1,20}$/.test(word) ? word : 'other';
  }
  return 'none';
}

/** Tells installations apart, no more. */
function checksum(text: string): string {
  let sum = 0;
  for (let at = 0; at < text.length; at++) sum = (Math.imul(sum, 31) + text.charCodeAt(at)) >>> 0;
  return sum.toString(36);
}

/** Of Node's own modules without the loader, which most runs need not have. */
function requireFrom(path: string): (asked: string) => unknown {
  let others: ((asked: string) => unknown) | undefined;
  return (asked) => {
    const builtin = process.getBuiltinModule(asked) as unknown;
    if (builtin !== undefined) return builtin;
    others ??= process.getBuiltinModule('node:module').createRequire(path);
    return others(asked);
  };
}

/** The file as a function, made in one piece: V8 would first have to join what is put together. */
function read(path: string): { readonly text: string; readonly stamp: string } {
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

/** Nothing when there is no such file, or one that is not whole. */
function keptIn(store: string): Kept | undefined {
  try {
    const bytes = process.getBuiltinModule('node:fs').readFileSync(store);
    const line = bytes.indexOf(10) + 1;
    const { stamp, parts, bytes: length } = JSON.parse(bytes.toString('latin1', 0, line)) as Head;
    return bytes.length === line + length ? { stamp, parts, code: bytes.subarray(line) } : undefined;
  } catch {
    return undefined;
  }
}

function fileOf({ stamp, parts, code }: Kept): Buffer {
  const head: Head = { stamp, parts, bytes: code.length };
  const text = JSON.stringify(head);
  const length = Math.ceil((text.length + 1) / alignment) * alignment;
  return Buffer.concat([Buffer.from(`${text.padEnd(length - 1)}\n`), code]);
}

/** Whole or not at all, also after a power cut: V8 trusts what it is given. */
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
 * Where compiled code is kept between runs. Node's own choice is a folder in /tmp, which anybody may have made first;
 * whoever writes there runs code as the one who reads it, so only a folder of the caller's own will do. Root's does not
 * depend on HOME, which sudo may have left at somebody else's.
 */
export function compiledCodeFolder(uid: number, env: NodeJS.ProcessEnv): string | undefined {
  if (uid === 0) return '/var/cache/strata';
  // A relative path is to be ignored, says the XDG Base Directory Specification.
  const { XDG_CACHE_HOME: caches = '', HOME: home = '' } = env;
  if (caches.startsWith('/')) return `${caches}/strata`;
  return home.startsWith('/') ? `${home}/.cache/strata` : undefined;
}

/** Whether nobody but `uid` can put files into a folder. Makes it when it is not there; false when that fails. */
export function isPrivate(folder: string, uid: number): boolean {
  const { existsSync, lstatSync, mkdirSync } = process.getBuiltinModule('node:fs');
  try {
    // Not `recursive`: below a symlink that leads nowhere Node would never come back.
    for (const path of [folder.slice(0, folder.lastIndexOf('/')), folder])
      if (!existsSync(path)) mkdirSync(path, 0o700);
    const stat = lstatSync(folder);
    return stat.isDirectory() && stat.uid === uid && (stat.mode & 0o022) === 0;
  } catch {
    return false;
  }
}
