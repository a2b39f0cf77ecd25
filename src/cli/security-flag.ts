import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { HostOptions } from '../engine/index.ts';
import { fileProblem } from './file-problem.ts';
import { usageProblem } from './flags.ts';

type SecurityOptions = Pick<HostOptions, 'SecurityOpt' | 'MaskedPaths' | 'ReadonlyPaths'>;

/**
 * Docker's `--security-opt`, given several times: the file of a seccomp profile is read here, `systempaths=unconfined` is
 * lists of nothing masked. Throws ERR_USAGE, and what reading the file does.
 */
export function securityOptions(command: Command, texts: readonly string[]): SecurityOptions {
  const isOpen = texts.includes('systempaths=unconfined');
  const options = texts
    .filter((text) => text !== 'systempaths=unconfined')
    .map((text) => {
      if (text !== 'no-new-privileges' && !/[=:]/.test(text)) {
        throw usageProblem(command, `Invalid --security-opt: ${JSON.stringify(text)}`);
      }
      const file = /^seccomp[=:](.*)$/s.exec(text)?.[1];
      return file === undefined || file === 'unconfined' || file === 'builtin'
        ? text
        : `seccomp=${profileIn(command, file)}`;
    });
  return {
    ...(options.length === 0 ? {} : { SecurityOpt: options }),
    ...(isOpen ? { MaskedPaths: [], ReadonlyPaths: [] } : {}),
  };
}

function profileIn(command: Command, path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw usageProblem(
      command,
      `opening seccomp profile (${path}) failed: ${fileProblem('open', path, error).message}`,
    );
  }
  try {
    return JSON.stringify(JSON.parse(text));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw usageProblem(command, `compacting json for seccomp profile (${path}) failed: ${why}`);
  }
}
