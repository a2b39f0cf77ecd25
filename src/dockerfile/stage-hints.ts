import { nearestIndex } from '../lib/nearest-index.ts';
import type { Stage } from './instructions/types.ts';
import { excerpt } from './quote.ts';

interface KnownStage {
  readonly index: number;
  readonly stage: Stage;
}

const stageNameOf = ({ stage }: KnownStage): string => stage.from.stageName;
const namesOf = (stages: readonly KnownStage[]): string[] => stages.map(stageNameOf).filter((name) => name !== '');

/** Returns the stage name that a mistyped one most likely meant, or the same name in lower case. */
export function nearStage(written: string, stages: readonly KnownStage[]): string | undefined {
  const names = namesOf(stages);
  const folded = written.toLowerCase();
  if (folded !== written && names.includes(folded)) return folded;
  const at = nearestIndex(folded, names);
  return at === undefined ? undefined : names[at];
}

/**
 * Returns the part of a hint about stages for an image that is not found; undefined when no stage could have been
 * meant. `above` are the stages that could have been named.
 */
export function hintOfNoStage(reference: string, above: readonly KnownStage[]): string | undefined {
  if (!/^[a-z][a-z0-9_.-]*$/i.test(reference) || namesOf(above).length === 0) return undefined;
  const near = nearStage(reference, above);
  return near === undefined
    ? 'No stage above has that name either.'
    : `No stage above has that name either: did you mean ${excerpt(near)}?`;
}

const maxListed = 12;

/** Lists stages by number and name: `0 (builder), 1`. */
export function hintOfStages(stages: readonly KnownStage[]): string {
  if (stages.length === 0) return 'Name an image: there is no stage above this one.';
  const shown = stages.slice(0, maxListed).map((stage) => {
    const name = stageNameOf(stage);
    return name === '' ? `${stage.index}` : `${stage.index} (${excerpt(name)})`;
  });
  const rest = stages.length - shown.length;
  const more = rest === 0 ? '' : ` and ${rest} more`;
  return `Use the number or name of a stage: ${shown.join(', ')}${more}.`;
}
