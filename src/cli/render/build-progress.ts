import type { BuildEvent } from '../../engine/index.ts';
import { humanSize } from '../../query/units.ts';
import { printable, printableLine } from './printable.ts';

/** Takes text, and what steps have written as bytes. */
export type Write = (text: string | Uint8Array) => void;

/** Shows a build's events as they come; `end` leaves the cursor on a fresh line. */
export interface BuildProgress {
  show(event: BuildEvent): void;
  end(): void;
}

type KeptEvent = Extract<BuildEvent, { type: 'kept' }>;
type StepEvent = Extract<BuildEvent, { type: 'step' }>;

export const seconds = (ms: number, digits = 1): string => (ms / 1000).toFixed(digits);

/** How a step ended, undefined while it has not. */
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

/** What is told of anything but steps. */
export function closingLines(event: BuildEvent): string[] {
  if (event.type === 'warning') return [`WARNING: ${printable(event.text)}`];
  if (event.type === 'kept') return [keptLine(event)];
  if (event.type !== 'image') return [];
  return [`writing image ${event.id}`, ...event.references.map((reference) => `naming to ${reference}`)];
}

const titleWidth = 50;

const shown = ({ line, title }: KeptEvent['addedBy']): string => {
  const text = printableLine(title);
  return `line ${line} (${text.length > titleWidth ? `${text.slice(0, titleWidth - 1)}…` : text})`;
};

/** The trap of layers, told with its way out. */
function keptLine({ bytes, addedBy, deletedBy }: KeptEvent): string {
  const cure =
    addedBy.kind === 'run'
      ? 'Join the two into one RUN with && to be rid of them.'
      : 'Leave them out of the context with .dockerignore, or fetch and delete them in one RUN.';
  return `WARNING: ${shown(deletedBy)} deletes ${humanSize(bytes)} that ${shown(addedBy)} added; the image keeps them. ${cure}`;
}
