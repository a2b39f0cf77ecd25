import type { BuildEvent } from '../../engine/index.ts';
import { humanSize } from '../../query/units.ts';
import { printable, printableLine } from './printable.ts';

/** Writes text, or the bytes of a step's output. */
export type WriteText = (text: string | Uint8Array) => void;

/** Shows a build's events as they are emitted. `end` leaves the cursor on a fresh line. */
export interface BuildProgress {
  show(event: BuildEvent): void;
  end(): void;
}

type WastedEvent = Extract<BuildEvent, { type: 'kept' }>;
type StepEvent = Extract<BuildEvent, { type: 'step' }>;

export const seconds = (ms: number, digits = 1): string => (ms / 1000).toFixed(digits);

/** Returns the outcome of a step, undefined before its end. */
export function outcomeOf({ step }: StepEvent): string | undefined {
  switch (step.state) {
    case 'hit':
      return 'CACHED';
    case 'done':
      return `DONE ${seconds(step.endedAt - step.startedAt)}s`;
    case 'canceled':
      return 'CANCELED';
    case 'failed':
      return `ERROR: ${printable(messageOf(step.error))}`;
    case 'keyed':
    case 'running':
    case 'unkeyed':
      return undefined;
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Returns the lines for an event that is not about a step. */
export function closingLines(event: BuildEvent): string[] {
  if (event.type === 'warning') return [`WARNING: ${printable(event.text)}`];
  if (event.type === 'kept') return [wasteWarning(event)];
  if (event.type !== 'image') return [];
  return [`writing image ${event.id}`, ...event.references.map((reference) => `naming to ${reference}`)];
}

const titleWidth = 50;

const formatInstruction = ({ line, title }: WastedEvent['addedBy']): string => {
  const text = printableLine(title);
  return `line ${line} (${text.length > titleWidth ? `${text.slice(0, titleWidth - 1)}…` : text})`;
};

/** Returns a warning about bytes that a later layer deletes and the image still has, and the remedy. */
function wasteWarning({ bytes, addedBy, deletedBy }: WastedEvent): string {
  const remedy =
    addedBy.kind === 'run'
      ? 'Join the two into one RUN with && to save the space.'
      : 'Exclude the files with .dockerignore, or fetch and delete them in one RUN.';
  return `WARNING: ${formatInstruction(deletedBy)} deletes ${humanSize(bytes)} that ${formatInstruction(addedBy)} added; the image still contains them. ${remedy}`;
}
