import type { TestContext } from 'node:test';
import { strataCommand } from '../../helpers/strata.ts';
import { compare, type Difference, keysOf } from './compare.ts';
import { readGolden } from './differences.ts';
import { type Program, play, type Scenario } from './scenario.ts';

/**
 * Plays a scenario with Strata on a store of its own; returns the differences from docker's answers by command line.
 */
export async function replay(
  context: TestContext,
  set: string,
  scenario: Scenario,
  program: Program,
): Promise<Record<string, Difference>> {
  const { root } = strataCommand(context);
  const recorded = readGolden(set)[scenario.name] ?? [];
  const answers = await play(scenario, { ...program, env: { ...program.env, STRATA_ROOT: root } });
  const lines = answers.map(({ line }) => line);
  if (JSON.stringify(lines) !== JSON.stringify(recorded.map(({ line }) => line))) {
    throw new Error(`scenario ${scenario.name}: its lines changed since docker's answers were recorded`);
  }
  const differences: Record<string, Difference> = {};
  for (const [at, key] of keysOf(recorded).entries()) {
    const difference = compare(recorded[at]!, answers[at]!);
    if (difference.docker.length + difference.strata.length > 0) differences[key] = difference;
  }
  return differences;
}
