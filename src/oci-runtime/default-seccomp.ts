import {
  type ArgumentCondition,
  type DefaultSeccompRule,
  type SeccompMachine,
  seccompArchitectures,
  seccompRules,
} from './seccomp-rules.ts';
import type { SeccompCall, SeccompSpec } from './spec.ts';

const eperm = 1;

/** Values that decide the conditions of a profile. */
export interface SeccompSituation {
  /** The bounding set of the container. */
  readonly capabilities: readonly string[];
  readonly machine: SeccompMachine;
  /** Output of `uname -r`. */
  readonly kernelRelease: string;
}

/** True for a kernel of this version or later; `release` is the output of `uname -r`. */
export function isKernelAtLeast(release: string, [major, minor]: readonly [number, number]): boolean {
  const [have = 0, haveMinor = 0] = release.split(/[.-]/, 2).map(Number);
  return have > major || (have === major && haveMinor >= minor);
}

function applies(rule: DefaultSeccompRule, { capabilities, machine, kernelRelease }: SeccompSituation): boolean {
  if (rule.capability !== undefined && !capabilities.includes(rule.capability)) return false;
  if (rule.withoutCapability !== undefined && capabilities.includes(rule.withoutCapability)) return false;
  if (rule.machine !== undefined && rule.machine !== machine) return false;
  return rule.minKernel === undefined || isKernelAtLeast(kernelRelease, rule.minKernel);
}

function argumentOf(condition: ArgumentCondition): NonNullable<SeccompCall['args']>[number] {
  const { index, value } = condition;
  switch (condition.is) {
    case 'equal':
      return { index, value, op: 'SCMP_CMP_EQ' };
    case 'less':
      return { index, value, op: 'SCMP_CMP_LT' };
    case 'masked':
      return { index, value: condition.mask, valueTwo: value, op: 'SCMP_CMP_MASKED_EQ' };
  }
}

const callOf = (rule: DefaultSeccompRule): SeccompCall => ({
  names: rule.calls,
  ...(rule.errno === undefined ? { action: 'SCMP_ACT_ALLOW' } : { action: 'SCMP_ACT_ERRNO', errnoRet: rule.errno }),
  ...(rule.argument ? { args: [argumentOf(rule.argument)] } : {}),
});

/** Returns docker's default profile for a container: every call that it does not allow fails with EPERM. */
export function defaultSeccomp(situation: SeccompSituation): SeccompSpec {
  return {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: eperm,
    architectures: seccompArchitectures[situation.machine],
    syscalls: seccompRules.filter((rule) => applies(rule, situation)).map(callOf),
  };
}
