import { readFileSync } from 'node:fs';
import type { HostOptions } from '../../engine/index.ts';
import { StrataError } from '../../errors/index.ts';
import { fileProblem } from '../file-problem.ts';

type SecurityOptions = Pick<HostOptions, 'SecurityOpt' | 'MaskedPaths' | 'ReadonlyPaths'>;

/**
 * Docker's `--security-opt`, given several times: the file of a seccomp profile is read here, `systempaths=unconfined` is
 * lists of nothing masked. Throws ERR_SECURITY_OPTION_INVALID.
 */
export function securityOptions(texts: readonly string[]): SecurityOptions {
  const isOpen = texts.includes('systempaths=unconfined');
  const options = texts
    .filter((text) => text !== 'systempaths=unconfined')
    .map((text) => {
      if (text !== 'no-new-privileges' && !/[=:]/.test(text)) {
        throw problem(`Invalid --security-opt: ${JSON.stringify(text)}`);
      }
      const file = /^seccomp[=:](.*)$/s.exec(text)?.[1];
      return file === undefined || file === 'unconfined' || file === 'builtin' ? text : `seccomp=${profileIn(file)}`;
    });
  return {
    ...(options.length === 0 ? {} : { SecurityOpt: options }),
    ...(isOpen ? { MaskedPaths: [], ReadonlyPaths: [] } : {}),
  };
}

function profileIn(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw problem(`opening seccomp profile (${path}) failed: ${fileProblem('open', path, error).message}`);
  }
  try {
    return JSON.stringify(JSON.parse(text));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw problem(`compacting json for seccomp profile (${path}) failed: ${why}`);
  }
}

const problem = (message: string): StrataError =>
  new StrataError({
    kind: 'invalid-argument',
    code: 'ERR_SECURITY_OPTION_INVALID',
    message,
    hint: 'Known are seccomp=FILE, seccomp=unconfined, no-new-privileges and systempaths=unconfined.',
  });
