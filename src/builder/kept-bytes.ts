import type { CreatedLayer } from '../store/layers/types.ts';
import type { PlannedHistory, StagePlan } from './frontend/plan-stage.ts';

/** A step of the Dockerfile, for people. */
export interface StepPlace {
  readonly line: number;
  readonly title: string;
  readonly kind: 'add' | 'copy' | 'run' | 'workdir';
}

/** What one step added and a later one deleted: it is in no container, and in every copy of the image. */
export interface KeptBytes {
  readonly bytes: number;
  readonly addedBy: StepPlace;
  readonly deletedBy: StepPlace;
}

// Below a mebibyte nobody gains anything by another Dockerfile.
const tellBytes = 1 << 20;

/** Pairs of steps that keep bytes for nothing, in the order of the Dockerfile. */
export function keptBytes({ history }: Pick<StagePlan, 'history'>, made: readonly CreatedLayer[]): KeptBytes[] {
  const places = history.flatMap((entry) => placeOf(entry) ?? []);
  return made.flatMap(({ deletes }, at) =>
    deletes.flatMap((bytes, distance): KeptBytes[] => {
      const [addedBy, deletedBy] = [places[at - 1 - distance], places[at]];
      return bytes >= tellBytes && addedBy && deletedBy ? [{ bytes, addedBy, deletedBy }] : [];
    }),
  );
}

function placeOf({ step, location, title }: PlannedHistory): StepPlace | undefined {
  if (step === undefined) return undefined;
  return {
    line: location.start,
    title,
    kind: step.kind === 'copy' && step.instruction.kind === 'ADD' ? 'add' : step.kind,
  };
}
