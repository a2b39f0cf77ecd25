import type { CreatedLayer } from '../store/layers/types.ts';
import type { PlannedHistory, StagePlan } from './frontend/plan-stage.ts';

/** A step of the Dockerfile, for messages. */
export interface StepPlace {
  readonly line: number;
  readonly title: string;
  readonly kind: 'add' | 'copy' | 'run' | 'workdir';
}

/** Bytes that one step added and a later one deleted: no container sees them, but every copy of the image has them. */
export interface WastedBytes {
  readonly bytes: number;
  readonly addedBy: StepPlace;
  readonly deletedBy: StepPlace;
}

// Below a mebibyte another Dockerfile gains nothing.
const minBytes = 1 << 20;

/** Returns pairs of steps that waste bytes, in the order of the Dockerfile. */
export function findWastedBytes({ history }: Pick<StagePlan, 'history'>, made: readonly CreatedLayer[]): WastedBytes[] {
  const steps = history.flatMap((entry) => stepOf(entry) ?? []);
  return made.flatMap(({ deletes }, at) =>
    deletes.flatMap((bytes, distance): WastedBytes[] => {
      const [addedBy, deletedBy] = [steps[at - 1 - distance], steps[at]];
      return bytes >= minBytes && addedBy && deletedBy ? [{ bytes, addedBy, deletedBy }] : [];
    }),
  );
}

function stepOf({ step, location, title }: PlannedHistory): StepPlace | undefined {
  if (step === undefined) return undefined;
  return {
    line: location.start,
    title,
    kind: step.kind === 'copy' && step.instruction.kind === 'ADD' ? 'add' : step.kind,
  };
}
