import { StrataError } from '../errors/index.ts';
import { parseSeccompProfile, type SeccompProfile } from './seccomp-profile.ts';

export interface SecurityOptions {
  readonly noNewPrivileges: boolean;
  /** Docker's default profile when absent. */
  readonly seccomp?: 'unconfined' | SeccompProfile;
}

const fail = (option: string, hint: string): StrataError =>
  new StrataError({
    code: 'ERR_SECURITY_OPTION_INVALID',
    message: `invalid --security-opt 2: ${JSON.stringify(option.slice(0, 200))}`,
    hint,
  });

/**
 * Parses docker's `SecurityOpt`: `no-new-privileges[=BOOL]`, `seccomp=unconfined`, `seccomp=builtin`, `seccomp=` and a
 * profile's JSON. `apparmor=unconfined` and `label=…` have no effect: neither AppArmor nor SELinux confines containers
 * here.
 * @throws ERR_SECURITY_OPTION_INVALID, ERR_SECCOMP_PROFILE_INVALID
 */
export function readSecurityOptions(options: readonly string[]): SecurityOptions {
  let noNewPrivileges = false;
  let seccomp: SecurityOptions['seccomp'];
  for (const option of options) {
    const [, name = option, value = ''] = /^([^=:]*)[=:](.*)$/s.exec(option) ?? [];
    if (name === 'no-new-privileges') noNewPrivileges = isTrue(value, option);
    else if (name === 'seccomp' && value === 'builtin') seccomp = undefined;
    else if (name === 'seccomp') seccomp = value === 'unconfined' ? value : parseSeccompProfile(value);
    else if (!isWithoutMeaning(name, value)) {
      throw fail(option, 'Use no-new-privileges, seccomp=FILE, seccomp=unconfined or systempaths=unconfined.');
    }
  }
  return { noNewPrivileges, ...(seccomp === undefined ? {} : { seccomp }) };
}

const isWithoutMeaning = (name: string, value: string): boolean =>
  name === 'label' || (name === 'apparmor' && value === 'unconfined');

function isTrue(value: string, option: string): boolean {
  if (['', '1', 't', 'T', 'TRUE', 'true', 'True'].includes(value)) return true;
  if (['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(value)) return false;
  throw fail(option, 'Write no-new-privileges=true or =false.');
}
