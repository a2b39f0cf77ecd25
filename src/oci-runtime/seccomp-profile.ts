import { StrataError } from '../errors/index.ts';
import { present } from '../lib/present.ts';
import { isKernelAtLeast, type SeccompSituation } from './default-seccomp.ts';
import { seccompArchitectures } from './seccomp-rules.ts';
import type { SeccompCall, SeccompSpec } from './spec.ts';

/** Conditions under which a rule of a profile applies. */
export interface SeccompCondition {
  readonly caps?: readonly string[] | null;
  readonly arches?: readonly string[] | null;
  readonly minKernel?: string;
}

export interface SeccompRule {
  readonly names?: readonly string[];
  /** One name, the form before docker 17. */
  readonly name?: string;
  readonly action: string;
  readonly errnoRet?: number;
  readonly args?: SeccompCall['args'] | null;
  readonly includes?: SeccompCondition;
  readonly excludes?: SeccompCondition;
}

/** A profile in the form of docker's `--security-opt seccomp=FILE`. */
export interface SeccompProfile {
  readonly defaultAction: string;
  readonly defaultErrnoRet?: number;
  readonly architectures?: readonly string[];
  readonly archMap?: readonly { readonly architecture: string; readonly subArchitectures: readonly string[] | null }[];
  readonly syscalls: readonly SeccompRule[];
}

const maxCalls = 100_000;

function fail(why: string): StrataError {
  return new StrataError({
    code: 'ERR_SECCOMP_PROFILE_INVALID',
    message: `seccomp profile: ${why}`,
    hint: 'Correct the profile; docs.docker.com describes its form under "Seccomp security profiles for Docker".',
  });
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isTexts = (value: unknown): value is readonly string[] => Array.isArray(value) && value.every(isText);
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Reads a profile's JSON. Throws ERR_SECCOMP_PROFILE_INVALID. */
export function parseSeccompProfile(text: string): SeccompProfile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw fail('not JSON');
  }
  if (!isRecord(value)) throw fail('not an object');
  const { defaultAction, defaultErrnoRet, architectures, archMap, syscalls = [] } = value;
  if (!isText(defaultAction)) throw fail('has no defaultAction');
  if (architectures !== undefined && !isTexts(architectures)) throw fail('architectures: not a list of names');
  if (archMap !== undefined && !isArchMap(archMap)) throw fail('archMap: not a list of architectures');
  if (archMap !== undefined && architectures !== undefined && architectures.length > 0) {
    throw fail("use either 'architectures' or 'archMap'");
  }
  if (defaultErrnoRet !== undefined && typeof defaultErrnoRet !== 'number') throw fail('defaultErrnoRet: not a number');
  if (!Array.isArray(syscalls) || syscalls.length > maxCalls) throw fail('syscalls: not a list');
  const rules: readonly unknown[] = syscalls;
  return present({
    defaultAction,
    syscalls: rules.map(ruleOf),
    defaultErrnoRet,
    architectures,
    archMap,
  });
}

function isArchMap(value: unknown): value is NonNullable<SeccompProfile['archMap']> {
  if (!Array.isArray(value)) return false;
  const entries: readonly unknown[] = value;
  return entries.every(
    (entry) =>
      isRecord(entry) &&
      isText(entry['architecture']) &&
      (entry['subArchitectures'] === null || isTexts(entry['subArchitectures'])),
  );
}

function ruleOf(value: unknown, at: number): SeccompRule {
  if (!isRecord(value)) throw fail(`syscalls[${at}]: not an object`);
  const { names, name, action, errnoRet, args, includes, excludes } = value;
  if (!isText(action)) throw fail(`syscalls[${at}]: has no action`);
  if (names === undefined ? !isText(name) : !isTexts(names)) throw fail(`syscalls[${at}]: has no names`);
  if (errnoRet !== undefined && typeof errnoRet !== 'number') throw fail(`syscalls[${at}].errnoRet: not a number`);
  if (!isArguments(args)) throw fail(`syscalls[${at}].args: not a list of conditions`);
  return {
    action,
    ...(isTexts(names) ? { names } : isText(name) ? { name } : {}),
    ...(errnoRet === undefined ? {} : { errnoRet }),
    ...(args === undefined || args === null ? {} : { args }),
    ...(includes === undefined ? {} : { includes: conditionOf(includes, at) }),
    ...(excludes === undefined ? {} : { excludes: conditionOf(excludes, at) }),
  };
}

function isArguments(value: unknown): value is SeccompCall['args'] | null {
  if (value === undefined || value === null) return true;
  if (!Array.isArray(value)) return false;
  const conditions: readonly unknown[] = value;
  const isNumber = (number: unknown): boolean => Number.isSafeInteger(number) && Number(number) >= 0;
  return conditions.every(
    (one) =>
      isRecord(one) &&
      isNumber(one['index']) &&
      isNumber(one['value'] ?? 0) &&
      isNumber(one['valueTwo'] ?? 0) &&
      isText(one['op']),
  );
}

function conditionOf(value: unknown, at: number): SeccompCondition {
  if (!isRecord(value)) throw fail(`syscalls[${at}]: a condition that is not an object`);
  const { caps, arches, minKernel } = value;
  for (const list of [caps, arches]) {
    if (list !== undefined && list !== null && !isTexts(list)) throw fail(`syscalls[${at}]: not a list of names`);
  }
  if (minKernel !== undefined && !(isText(minKernel) && /^\d+\.\d+/.test(minKernel))) {
    throw fail(`syscalls[${at}].minKernel: not a version`);
  }
  return {
    ...(isTexts(caps) ? { caps } : {}),
    ...(isTexts(arches) ? { arches } : {}),
    ...(isText(minKernel) ? { minKernel } : {}),
  };
}

/** Returns the part of a profile that applies to a container. */
export function resolveSeccompProfile(profile: SeccompProfile, situation: SeccompSituation): SeccompSpec {
  const [main] = seccompArchitectures[situation.machine];
  const mapped = profile.archMap?.find(({ architecture }) => architecture === main);
  const architectures = mapped ? [mapped.architecture, ...(mapped.subArchitectures ?? [])] : profile.architectures;
  return {
    defaultAction: profile.defaultAction,
    ...(profile.defaultErrnoRet === undefined ? {} : { defaultErrnoRet: profile.defaultErrnoRet }),
    architectures: architectures ?? [],
    syscalls: profile.syscalls.filter((rule) => counts(rule, situation)).map(callOf),
  };
}

function counts({ includes, excludes }: SeccompRule, situation: SeccompSituation): boolean {
  const { capabilities, machine, kernelRelease } = situation;
  const has = (capability: string): boolean => capabilities.includes(capability);
  const isNewEnough = (version: string): boolean => {
    const [major = 0, minor = 0] = version.split('.', 2).map(Number);
    return isKernelAtLeast(kernelRelease, [major, minor]);
  };
  if (excludes?.arches?.includes(machine)) return false;
  if (excludes?.caps?.some(has)) return false;
  if (excludes?.minKernel !== undefined && isNewEnough(excludes.minKernel)) return false;
  if (includes?.arches && includes.arches.length > 0 && !includes.arches.includes(machine)) return false;
  if (includes?.caps?.some((capability) => !has(capability))) return false;
  return includes?.minKernel === undefined || isNewEnough(includes.minKernel);
}

const callOf = ({ names, name, action, errnoRet, args }: SeccompRule): SeccompCall => ({
  names: names ?? (name === undefined ? [] : [name]),
  action,
  ...(errnoRet === undefined ? {} : { errnoRet }),
  ...(args ? { args } : {}),
});
