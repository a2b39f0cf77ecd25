import type { Script } from 'node:vm';

/** A file of the program together with what it was compiled to. */
interface Compiled {
  /** Changes whenever the file does. */
  readonly stamp: string;
  readonly code: Uint8Array;
}

/** What a file of compiled code begins with, a line of JSON: what follows, in this order. */
type Contents = readonly { readonly name: string; readonly stamp: string; readonly bytes: number }[];

interface ModuleLike {
  exports: unknown;
}

// V8 copies code that does not lie at a multiple of this.
const alignment = 8;
// V8 forgets the code of functions that a process has long not called: one that ran for long has little to keep.
const longestRunSeconds = 10;

/**
 * Runs CommonJS files of one folder with the compiled code that earlier runs kept in `store`: of all that a start costs,
 * compiling is the part that can be saved. Node's own cache keeps what is compiled while a file is loaded, which is
 * hardly more than a list of its functions; this one is written when the work is done and has every function it took.
 */
export class CompiledProgram {
  readonly #folder: string;
  readonly #store: string | undefined;
  readonly #kept: Map<string, Compiled>;
  readonly #modules = new Map<string, ModuleLike>();
  readonly #scripts = new Map<string, { readonly script: Script; readonly stamp: string }>();
  #isIncomplete = false;

  constructor(folder: string, store: string | undefined) {
    this.#folder = folder;
    this.#store = store;
    this.#kept = store === undefined ? new Map() : keptIn(store);
  }

  /** What a file exports; it is run when it is first asked for. */
  load(name: string): unknown {
    const known = this.#modules.get(name);
    if (known) return known.exports;
    const path = `${this.#folder}/${name}`;
    const { text, stamp } = read(path);
    const kept = this.#kept.get(name);
    const { Script } = process.getBuiltinModule('node:vm');
    const script = new Script(`(function (exports, require, module, __filename, __dirname) { ${text}\n})`, {
      filename: path,
      ...(kept?.stamp === stamp ? { cachedData: kept.code } : {}),
    });
    // Undefined when there was none.
    if (script.cachedDataRejected !== false) this.#isIncomplete = true;
    this.#scripts.set(name, { script, stamp });
    const module: ModuleLike = { exports: {} };
    this.#modules.set(name, module);
    const others = process.getBuiltinModule('node:module').createRequire(path);
    const require = (asked: string): unknown =>
      asked.startsWith('./') ? this.load(asked.slice(2)) : (others(asked) as unknown);
    const run = script.runInThisContext() as (...given: readonly unknown[]) => void;
    run(module.exports, require, module, path, this.#folder);
    return module.exports;
  }

  /** True when a file was run for which no code was kept. */
  get isIncomplete(): boolean {
    return this.#isIncomplete;
  }

  /** Keeps the code of all that has run, beside what was kept of other files. Does without where it cannot be written. */
  save(): void {
    if (this.#store === undefined) return;
    const all = new Map(this.#kept);
    for (const [name, { script, stamp }] of this.#scripts) all.set(name, { stamp, code: script.createCachedData() });
    replace(this.#store, fileOf(all));
  }
}

/** Runs `name` of `folder` as the program this process is. */
export function runProgram(folder: string, name: string): void {
  const program = new CompiledProgram(folder, storeFor(folder, process.argv.slice(2), process.env));
  program.load(name);
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

const flagsWithValues = ['--root', '--storage-driver'];

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

function read(path: string): { readonly text: string; readonly stamp: string } {
  const { closeSync, fstatSync, openSync, readFileSync } = process.getBuiltinModule('node:fs');
  const fd = openSync(path, 'r');
  try {
    const { ino, size, ctimeNs } = fstatSync(fd, { bigint: true });
    return { text: readFileSync(fd, 'utf8'), stamp: `${ino} ${size} ${ctimeNs}` };
  } finally {
    closeSync(fd);
  }
}

/** Nothing when there is no such file, or one that is not whole. */
function keptIn(store: string): Map<string, Compiled> {
  const kept = new Map<string, Compiled>();
  try {
    const bytes = process.getBuiltinModule('node:fs').readFileSync(store);
    const line = bytes.indexOf(10) + 1;
    let at = line;
    for (const { name, stamp, bytes: length } of JSON.parse(bytes.toString('utf8', 0, line)) as Contents) {
      const code = bytes.subarray(at, at + length);
      if (code.length < length) return new Map();
      kept.set(name, { stamp, code });
      at += padded(length);
    }
    return kept;
  } catch {
    return new Map();
  }
}

const padded = (length: number): number => Math.ceil(length / alignment) * alignment;

function fileOf(all: ReadonlyMap<string, Compiled>): Buffer {
  const contents: Contents = [...all].map(([name, { stamp, code }]) => ({ name, stamp, bytes: code.length }));
  const text = JSON.stringify(contents);
  const head = Buffer.from(`${text.padEnd(padded(Buffer.byteLength(text) + 1) - 1)}\n`);
  const codes = [...all.values()].flatMap(({ code }) => [code, Buffer.alloc(padded(code.length) - code.length)]);
  return Buffer.concat([head, ...codes]);
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
