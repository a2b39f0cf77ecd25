import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildCommand } from '../../helpers/build-command.ts';
import { needs } from '../../helpers/needs.ts';
import { joinDifferences, readDifferences, readGolden } from './differences.ts';
import { reasons } from './reasons.ts';
import { replay } from './replay.ts';
import { sets } from './sets.ts';

const advice = 'node test/golden/docker/update-differences.ts writes down what differs now; the reasons are yours';

test('Strata gives the same answers as docker to the same command lines', {
  concurrency: 2,
  skip: needs('root', 'overlay'),
}, async (t) => {
  const program = { command: await buildCommand(t) };
  await Promise.all(
    sets.flatMap(({ name: set, scenarios }) =>
      scenarios.map((scenario) =>
        t.test(`${set}: ${scenario.name}`, async (t) => {
          const found = await replay(t, set, scenario, program);
          const known = readDifferences(set)[scenario.name] ?? {};
          for (const line of new Set([...Object.keys(found), ...Object.keys(known)])) {
            const expected = joinDifferences(known[line] ?? []);
            assert.deepEqual(
              { docker: (found[line]?.docker ?? []).toSorted(), strata: (found[line]?.strata ?? []).toSorted() },
              { docker: expected.docker.toSorted(), strata: expected.strata.toSorted() },
              `${line}: differs otherwise from docker than listed; ${advice}`,
            );
          }
        }),
      ),
    ),
  );
});

test('images and stages have at least sixty command lines, containers seventy, and every difference a reason', () => {
  // `to mend` counts as used: differences to mend come and go.
  const used = new Set(['to mend']);
  for (const [set, least] of [
    ['images', 60],
    ['stages', 60],
    ['containers', 70],
  ] as const) {
    assert.ok(Object.values(readGolden(set)).flat().length >= least);
    for (const differences of Object.values(readDifferences(set)).flatMap((scenario) => Object.values(scenario))) {
      for (const { reason } of differences) used.add(reason);
    }
  }
  assert.deepEqual([...used].sort(), Object.keys(reasons).sort(), 'used reasons against listed reasons');
});
