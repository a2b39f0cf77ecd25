import type { BuildEvent } from '../../engine/index.ts';
import { printable } from './printable.ts';

/** Takes text, and what steps have written as bytes. */
export type Write = (text: string | Uint8Array) => void;

/** Shows a build's events as they come; `end` leaves the cursor on a fresh line. */
export interface BuildProgress {
  show(event: BuildEvent): void;
  end(): void;
}

type StepEvent = Extract<BuildEvent, { type: 'step' }>;

export const seconds = (ms: number, digits = 1): string => (ms / 1000).toFixed(digits);

/** How a step ended, undefined while it has not. */
export function outcomeOf({ step }: StepEvent): string | undefined {
  switch (step.state) {
    case 'hit':
      return 'CACHED';
    case 'done':
      return `DONE ${seconds(step.endedAt - step.startedAt)}s`;
    case 'failed':
      if (isAbort(step.error)) return 'CANCELED';
      return `ERROR: ${printable(messageOf(step.error))}`;
    case 'keyed':
    case 'running':
    case 'unkeyed':
      return undefined;
  }
}

const isAbort = (error: unknown): boolean => error instanceof DOMException && error.name === 'AbortError';

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What is told of anything but steps. */
export function closingLines(event: BuildEvent): string[] {
  if (event.type === 'warning') return [`WARNING: ${printable(event.text)}`];
  if (event.type !== 'image') return [];
  return [`writing image ${event.id}`, ...event.references.map((reference) => `naming to ${reference}`)];
}
