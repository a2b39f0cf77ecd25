import { firstCause } from '../errors/index.ts';
import { asSyscallError } from '../sys/as-syscall-error.ts';

/** Runs a verb of the library; rejects as {@link toRejection} says. */
export async function perform<Result>(verb: () => Promise<Result>): Promise<Result> {
  try {
    return await verb();
  } catch (error) {
    throw toRejection(error);
  }
}

/** {@link perform} for a verb whose module is loaded when it is first called. */
export async function performFrom<Module, Result>(
  module: Promise<Module>,
  verb: (module: Module) => Result | Promise<Result>,
): Promise<Result> {
  return await perform(async () => await verb(await module));
}

/** What the library rejects with: what went wrong first, and as an error of the library where a system call failed. */
export const toRejection = (error: unknown): unknown => asSyscallError(firstCause(error));
