import { nearest } from '../lib/nearest.ts';
import type { Stage } from './instructions/types.ts';
import { excerpt } from './quote.ts';

interface KnownStage {
  readonly index: number;
  readonly stage: Stage;
}

const givenName = ({ stage }: KnownStage): string => stage.from.stageName;
const namesOf = (stages: readonly KnownStage[]): string[] => stages.map(givenName).filter((name) => name !== '');

/** The name of a stage that a mistyped one most likely meant; in another case it is the same one. */
export function nearStage(written: string, stages: readonly KnownStage[]): string | undefined {
  const names = namesOf(stages);
  const folded = written.toLowerCase();
  if (folded !== written && names.includes(folded)) return folded;
  const at = nearest(folded, names);
  return at === undefined ? undefined : names[at];
}

/**
 * What to say of stages where an image is not found; undefined where no stage could have been meant. `above` are the
 * stages that could have been named.
 */
export function hintOfNoStage(reference: string, above: readonly KnownStage[]): string | undefined {
  if (!/^[a-z][a-z0-9_.-]*$/i.test(reference) || namesOf(above).length === 0) return undefined;
  const near = nearStage(reference, above);
  return near === undefined
    ? 'No stage above has that name either.'
    : `No stage above has that name either: did you mean ${excerpt(near)}?`;
}

const maxListed = 12;

/** Lists stages that can be named, `0 (builder), 1`. */
export function hintOfStages(stages: readonly KnownStage[]): string {
  if (stages.length === 0) return 'No stage stands above this one: name an image.';
  const shown = stages.slice(0, maxListed).map((stage) => {
    const name = givenName(stage);
    return name === '' ? `${stage.index}` : `${stage.index} (${excerpt(name)})`;
  });
  const rest = stages.length - shown.length;
  const more = rest === 0 ? '' : ` and ${rest} more`;
  return `Give a number or a name: ${shown.join(', ')}${more}.`;
}
