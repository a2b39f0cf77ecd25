import { StrataError } from '../errors/index.ts';
import type { RunConfig } from '../spec/config.ts';

/** The user's replacements for the image's command; `undefined` inherits. */
export interface CommandOptions {
  /** `[]` removes the image's entrypoint; `['']` (docker's `--entrypoint ""`) its command too. */
  readonly entrypoint?: readonly string[] | undefined;
  readonly args?: readonly string[] | undefined;
}

export interface ContainerCommand {
  readonly entrypoint: readonly string[];
  readonly args: readonly string[];
}

/** execve(2), MAX_ARG_STRLEN: one argument or variable, its NUL included. */
const maxStringBytes = 128 * 1024;

/** Refuses an argument that execve cannot take: one with a NUL, or of 128 KiB and more. Throws ERR_COMMAND_INVALID. */
export function checkArgument(text: string, what: string): void {
  const isTooLong = text.length >= maxStringBytes || new TextEncoder().encode(text).length >= maxStringBytes;
  if (!isTooLong && !text.includes('\0')) return;
  throw new StrataError({
    code: 'ERR_COMMAND_INVALID',
    message: isTooLong ? `${what}: longer than 128 KiB` : `${what}: has a NUL byte`,
    hint: 'Pass it in a file instead.',
  });
}

/**
 * Returns entrypoint and arguments of a container by docker's rules: an own entrypoint drops the image's Cmd, own
 * arguments replace it, and the process runs the entrypoint followed by the arguments.
 * @throws ERR_COMMAND_MISSING when both are empty, ERR_COMMAND_INVALID
 */
export function resolveCommand(
  image: Pick<RunConfig, 'Entrypoint' | 'Cmd'>,
  options: CommandOptions = {},
): ContainerCommand {
  const own = options.entrypoint;
  const inheritsCmd = (own === undefined || own.length === 0) && (options.args ?? []).length === 0;
  const args = inheritsCmd ? (image.Cmd ?? []) : (options.args ?? []);
  const chosen = own ?? image.Entrypoint ?? [];
  const entrypoint = chosen.length === 1 && chosen[0] === '' ? [] : chosen;
  if (entrypoint.length + args.length === 0) {
    throw new StrataError({
      code: 'ERR_COMMAND_MISSING',
      message: 'no command specified',
      hint: 'Give a command: the image has none, or an empty entrypoint replaces it.',
    });
  }
  for (const [at, text] of [...entrypoint, ...args].entries()) checkArgument(text, `argument ${at}`);
  return { entrypoint, args };
}
