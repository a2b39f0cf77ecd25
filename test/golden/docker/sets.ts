import { changeScenarios } from './container-change-scenarios.ts';
import { choiceScenarios } from './container-choice-scenarios.ts';
import { flagScenarios } from './container-flag-scenarios.ts';
import { lookScenarios } from './container-look-scenarios.ts';
import { lifeScenarios } from './container-scenarios.ts';
import { imageScenarios } from './image-scenarios.ts';
import type { Scenario } from './scenario.ts';
import { stageScenarios } from './stage-scenarios.ts';

/** Sets of scenarios, each recorded in a file of its name. */
export const sets: readonly {
  readonly name: 'images' | 'stages' | 'containers';
  readonly scenarios: readonly Scenario[];
}[] = [
  { name: 'images', scenarios: imageScenarios },
  { name: 'stages', scenarios: stageScenarios },
  {
    name: 'containers',
    scenarios: [...lifeScenarios, ...flagScenarios, ...lookScenarios, ...changeScenarios, ...choiceScenarios],
  },
];
