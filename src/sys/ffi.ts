import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { StrataError } from '../errors/index.ts';
import { asSyscallError } from './as-syscall-error.ts';
import { errnoOf } from './errno.ts';

/**
 * Argument for a pointer parameter: memory (the call accesses its bytes, so they must stay alive and unresized until the call
 * returns), an address from {@link addressOf}, or null.
 */
export type Pointer = ArrayBufferView | ArrayBuffer | SharedArrayBuffer | number | bigint | null;

interface ParameterTypes {
  readonly int32: number;
  readonly uint32: number;
  readonly int64: number | bigint;
  readonly uint64: number | bigint;
  readonly double: number;
  readonly pointer: Pointer;
}

interface ResultTypes {
  readonly void: undefined;
  readonly int32: number;
  readonly uint32: number;
  /** A number when it is safe, else a bigint. */
  readonly int64: number | bigint;
  /** A number when it is safe, else a bigint. */
  readonly uint64: number | bigint;
  readonly double: number;
  /** Address; 0n is NULL. */
  readonly pointer: bigint;
  /** Copy of NUL-terminated text that the library owns; null is NULL. */
  readonly text: string | null;
}

export type ParameterType = keyof ParameterTypes;
export type ResultType = keyof ResultTypes;

/** JavaScript function that calls a C function declared with these types. */
export type ForeignFunction<Result extends ResultType, Parameters extends readonly ParameterType[]> = (
  ...parameters: Arguments<Parameters>
) => ResultTypes[Result];

/** {@link ForeignFunction} that runs on libuv's pool. */
export type AsyncForeignFunction<Result extends ResultType, Parameters extends readonly ParameterType[]> = (
  ...parameters: Arguments<Parameters>
) => Promise<ResultTypes[Result]>;

type Arguments<Parameters extends readonly ParameterType[]> = {
  -readonly [Index in keyof Parameters]: ParameterTypes[Parameters[Index]];
};

/** Open shared library. It stays loaded until the process ends. */
export interface Library {
  /**
   * Binds a C function (a few microseconds, so keep the result). A wrong signature corrupts memory: each declaration needs a
   * test that makes the real call.
   * @throws ERR_FFI_SYMBOL_MISSING
   */
  declare<Result extends ResultType, const Parameters extends readonly ParameterType[]>(
    name: string,
    result: Result,
    parameters: Parameters,
  ): ForeignFunction<Result, Parameters>;
  /**
   * Like {@link declare}, for functions that compute for long and use no state of the calling thread. Memory passed to them must
   * stay alive and unchanged until they have finished.
   */
  declareAsync<Result extends ResultType, const Parameters extends readonly ParameterType[]>(
    name: string,
    result: Result,
    parameters: Parameters,
  ): AsyncForeignFunction<Result, Parameters>;
  /** Like {@link declareAsync}, for calls that set errno(3). A call that blocks occupies one of libuv's four threads. */
  declareAsyncCall<const Parameters extends readonly ParameterType[]>(
    name: string,
    parameters: Parameters,
  ): (...parameters: Arguments<Parameters>) => Promise<CallResult>;
}

export interface CallResult {
  readonly result: number;
  /** Error number; meaningful only when `result` shows a failure. */
  readonly errno: number;
}

interface NativeFunction {
  (...parameters: readonly unknown[]): unknown;
  /** Takes a callback after the parameters. */
  readonly async: (...parameters: readonly unknown[]) => void;
}

interface Koffi {
  load(
    path: string | null,
    options: { readonly deep: boolean },
  ): {
    func(name: string, result: string, parameters: readonly string[]): NativeFunction;
  };
  errno(): number;
  address(view: ArrayBufferView | ArrayBuffer | SharedArrayBuffer): bigint;
}

const nativeNames: { readonly [Type in ParameterType | ResultType]: string } = {
  void: 'void',
  int32: 'int32',
  uint32: 'uint32',
  int64: 'int64',
  uint64: 'uint64',
  double: 'double',
  pointer: 'void *',
  text: 'str',
};

let loaded: Koffi | undefined;

// Loaded on first use: it takes a few milliseconds, which a command without system calls of ours should not pay.
function koffi(): Koffi {
  if (loaded) return loaded;
  try {
    loaded = loadUsualBinary() ?? (createRequire(import.meta.url)('koffi') as Koffi);
  } catch (cause) {
    if (errnoOf(cause) === 'EMFILE') throw asSyscallError(cause);
    throw new StrataError({
      code: 'ERR_FFI_UNAVAILABLE',
      message: `foreign function interface: not available on ${process.platform} ${process.arch}`,
      hint: 'Install the dependencies again on this machine, with optional packages included.',
      cause,
    });
  }
  return loaded;
}

/**
 * Loads koffi's binary for glibc directly from the folders where Node looks for packages. Koffi's own entry, which also reads
 * package.json, takes three quarters of the loading time, in every thread. Returns undefined with another libc or another
 * layout, which that entry knows.
 */
function loadUsualBinary(): Koffi | undefined {
  const { arch } = process;
  try {
    const koffi = lookUp(import.meta.dirname, 'koffi');
    const binary = koffi && lookUp(realpathSync(koffi), `@koromix/koffi-linux-${arch}/linux_${arch}/koffi.node`);
    if (binary === undefined) return undefined;
    const module = { exports: {} };
    process.dlopen(module, binary);
    return module.exports as Koffi;
  } catch {
    return undefined;
  }
}

/** Returns the nearest file of that name in a `node_modules` above a folder. */
function lookUp(folder: string, name: string): string | undefined {
  for (let above = folder; ; above = dirname(above)) {
    const path = join(above, 'node_modules', name);
    if (existsSync(path)) return path;
    if (above === '/') return undefined;
  }
}

/**
 * Opens a shared library by soname or absolute path, see dlopen(3); null means the C library of this process.
 * @throws ERR_FFI_LIBRARY_MISSING, ERR_FFI_UNAVAILABLE
 */
export function openLibrary(name: string | null): Library {
  const native = load(name);
  const bind = (symbol: string, result: ResultType, parameters: readonly ParameterType[]): NativeFunction => {
    const types = parameters.map((parameter) => nativeNames[parameter]);
    try {
      return native.func(symbol, nativeNames[result], types);
    } catch (cause) {
      throw new StrataError({
        code: 'ERR_FFI_SYMBOL_MISSING',
        message: `function ${symbol}: not in ${name ?? 'the C library'}`,
        hint: 'Install a newer version of the library.',
        cause,
      });
    }
  };
  return {
    declare<Result extends ResultType, const Parameters extends readonly ParameterType[]>(
      symbol: string,
      result: Result,
      parameters: Parameters,
    ): ForeignFunction<Result, Parameters> {
      return bind(symbol, result, parameters) as ForeignFunction<Result, Parameters>;
    },
    declareAsync<Result extends ResultType, const Parameters extends readonly ParameterType[]>(
      symbol: string,
      result: Result,
      parameters: Parameters,
    ): AsyncForeignFunction<Result, Parameters> {
      const bound = bind(symbol, result, parameters);
      return (...given) =>
        new Promise((resolve, reject) => {
          bound.async(...given, (error: Error | null, value: ResultTypes[Result]) =>
            error ? reject(error) : resolve(value),
          );
        });
    },
    declareAsyncCall<const Parameters extends readonly ParameterType[]>(
      symbol: string,
      parameters: Parameters,
    ): (...given: Arguments<Parameters>) => Promise<CallResult> {
      const bound = bind(symbol, 'int32', parameters);
      return (...given) =>
        new Promise((resolve, reject) => {
          // Koffi restores the call's own errno for the callback, whatever was called meanwhile.
          bound.async(...given, (error: Error | null, result: number) =>
            error ? reject(error) : resolve({ result, errno: lastErrno() }),
          );
        });
    },
  };
}

function load(name: string | null): ReturnType<Koffi['load']> {
  const native = koffi();
  try {
    // Node exports its own zlib, zstd and OpenSSL. Without RTLD_DEEPBIND a library's calls to itself would be bound to those,
    // of another version with other structures, and corrupt memory.
    return native.load(name, { deep: name !== null });
  } catch (cause) {
    throw new StrataError({
      code: 'ERR_FFI_LIBRARY_MISSING',
      message: `library ${name ?? 'of the process'}: cannot be loaded`,
      hint: 'Install it with the packages of this system.',
      cause,
    });
  }
}

/** Returns the calling thread's errno(3). Meaningful only straight after a foreign call that failed. */
export function lastErrno(): number {
  return koffi().errno();
}

/**
 * Returns the address of `memory`, for pointers inside structures. The caller keeps a reference to `memory` while anything may
 * use the address, and neither resizes nor transfers it.
 */
export function addressOf(memory: ArrayBufferView | ArrayBuffer | SharedArrayBuffer): bigint {
  // V8 keeps small typed arrays inside the moving heap until their buffer is asked for.
  if (ArrayBuffer.isView(memory)) void memory.buffer;
  return koffi().address(memory);
}
