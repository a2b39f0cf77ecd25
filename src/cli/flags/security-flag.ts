import type { HostOptions } from '../../engine/index.ts';
import { isStrataError, StrataError } from '../../errors/index.ts';
import { readNamedFile } from '../read-named-file.ts';

type HostSecurityOptions = Pick<HostOptions, 'SecurityOpt' | 'MaskedPaths' | 'ReadonlyPaths'>;

/**
 * Reads the values of docker's `--security-opt`. The file of a seccomp profile is read here; `systempaths=unconfined`
 * becomes empty lists of masked paths. Throws ERR_SECURITY_OPTION_INVALID and the signal's reason.
 */
export async function readSecurityOptions(texts: readonly string[], signal: AbortSignal): Promise<HostSecurityOptions> {
  const isOpen = texts.includes('systempaths=unconfined');
  const options: string[] = [];
  for (const text of texts.filter((one) => one !== 'systempaths=unconfined')) {
    if (text !== 'no-new-privileges' && !/[=:]/.test(text)) {
      throw problem(`Invalid --security-opt: ${JSON.stringify(text)}`);
    }
    const file = /^seccomp[=:](.*)$/s.exec(text)?.[1];
    const isProfile = file !== undefined && file !== 'unconfined' && file !== 'builtin';
    options.push(isProfile ? `seccomp=${await readProfile(file, signal)}` : text);
  }
  return {
    ...(options.length === 0 ? {} : { SecurityOpt: options }),
    ...(isOpen ? { MaskedPaths: [], ReadonlyPaths: [] } : {}),
  };
}

async function readProfile(path: string, signal: AbortSignal): Promise<string> {
  let text: string;
  try {
    text = Buffer.from(await readNamedFile(path, signal)).toString('utf8');
  } catch (error) {
    if (!isStrataError(error)) throw error;
    throw problem(`opening seccomp profile (${path}) failed: ${error.message}`, error.hint);
  }
  try {
    return JSON.stringify(JSON.parse(text));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw problem(`compacting json for seccomp profile (${path}) failed: ${why}`, 'Give a file that holds JSON.');
  }
}

const options = 'Use seccomp=FILE, seccomp=unconfined, no-new-privileges or systempaths=unconfined.';

const problem = (message: string, hint: string = options): StrataError =>
  new StrataError({ code: 'ERR_SECURITY_OPTION_INVALID', message, hint });
