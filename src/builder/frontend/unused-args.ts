import type { Instruction } from '../../dockerfile/instructions/types.ts';
import { proxyNames } from './run-step.ts';
import { sourceDateEpochName } from './source-date-epoch.ts';

const needNoArg: ReadonlySet<string> = new Set([
  ...proxyNames.flatMap((name) => [name, name.toLowerCase()]),
  sourceDateEpochName,
]);

/** Returns the build arguments that no ARG among the instructions takes, sorted. */
export function findUnusedArgs(buildArgs: ReadonlyMap<string, string>, instructions: readonly Instruction[]): string[] {
  const declared = new Set(
    instructions.flatMap((one) => (one.kind === 'ARG' ? one.definitions.map(({ key }) => key) : [])),
  );
  return [...buildArgs.keys()].filter((name) => !declared.has(name) && !needNoArg.has(name)).sort();
}
