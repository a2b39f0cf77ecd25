import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildCommand } from '../../helpers/build-command.ts';
import { needs } from '../../helpers/needs.ts';
import { joined, readDifferences, readGolden } from './differences.ts';
import { reasons } from './reasons.ts';
import { replay } from './replay.ts';
import { sets } from './sets.ts';

const advice = 'node test/golden/docker/update-differences.ts writes down what differs now; the reasons are yours';

test('the same command lines as docker, the same answers', {
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
            const expected = joined(known[line] ?? []);
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

test('at least sixty command lines for images and for stages, seventy for containers, every difference with a reason', () => {
  // There is always something to mend while somebody is at it.
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
  assert.deepEqual([...used].sort(), Object.keys(reasons).sort(), 'reasons that are used, reasons that are told');
});
