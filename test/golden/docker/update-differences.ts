// Plays all scenarios with Strata and writes down the differences from docker's answers. A known difference keeps its
// reason; a new one gets the first of `reasons.ts` with a matching pattern, or none, which fails the test until it is
// given one.
//   node test/golden/docker/update-differences.ts [images|stages|containers] [scenario]
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { buildCommand } from '../../helpers/build-command.ts';
import type { Difference } from './compare.ts';
import { differencesFile, type KnownDifference, readDifferences } from './differences.ts';
import { reasons } from './reasons.ts';
import { replay } from './replay.ts';
import { sets } from './sets.ts';

const [wantedSet, wantedScenario] = process.argv.slice(2);

/** Groups the lines of a difference by their reasons. */
function groupByReason(difference: Difference, before: readonly KnownDifference[]): KnownDifference[] {
  const groups = new Map<string, { docker: string[]; strata: string[] }>();
  for (const side of ['docker', 'strata'] as const) {
    for (const line of difference[side]) {
      const standing = before.find((known) => known.reason !== '' && known[side].includes(line))?.reason;
      const proposed = Object.entries(reasons).find(([, reason]) => reason[side]?.test(line))?.[0];
      const reason = standing ?? proposed ?? '';
      const group = groups.get(reason) ?? { docker: [], strata: [] };
      group[side].push(line);
      groups.set(reason, group);
    }
  }
  // Lines without a reason are the other half of a difference that has one.
  const unexplained = groups.get('');
  const named = [...groups.keys()].filter((reason) => reason !== '');
  const reason = named.find((name) => name === 'not supported yet') ?? (named.length === 1 ? named[0] : undefined);
  const group = reason === undefined ? undefined : groups.get(reason);
  if (unexplained && group && (reason === 'not supported yet' || group.docker.length * group.strata.length === 0)) {
    group.docker.push(...unexplained.docker);
    group.strata.push(...unexplained.strata);
    groups.delete('');
  }
  return [...groups].map(([reason, lines]) => ({ reason, ...lines }));
}

test('differences are written down', async (t) => {
  const program = { command: await buildCommand(t) };
  for (const { name: set, scenarios } of sets) {
    if (wantedSet !== undefined && wantedSet !== set) continue;
    const before = readDifferences(set);
    const after: Record<string, Record<string, readonly KnownDifference[]>> = {};
    for (const scenario of scenarios) {
      const standing = before[scenario.name] ?? {};
      if (wantedScenario !== undefined && wantedScenario !== scenario.name) {
        if (Object.keys(standing).length > 0) after[scenario.name] = { ...standing };
        continue;
      }
      const found = await replay(t, set, scenario, program);
      const lines = Object.entries(found).map(([line, difference]) => [
        line,
        groupByReason(difference, standing[line] ?? []),
      ]);
      if (lines.length > 0) after[scenario.name] = Object.fromEntries(lines) as Record<string, KnownDifference[]>;
    }
    writeFileSync(differencesFile(set), `${JSON.stringify(after, undefined, 1)}\n`);
    for (const [scenario, lines] of Object.entries(after)) {
      for (const [line, differences] of Object.entries(lines)) {
        for (const { reason, docker, strata } of differences) {
          if (reason !== '') continue;
          const shown = [...docker.map((text) => `- ${text}`), ...strata.map((text) => `+ ${text}`)].join('\n');
          t.diagnostic(`no reason yet: ${set}: ${scenario}: ${line}\n${shown}`);
        }
      }
    }
  }
});
