/**
 * How work tells of its progress. With `taken` an event is one that may not be lost: while somebody listens it is kept,
 * and `taken` is called when the reader has it, so that the sender can wait; while nobody does, at once.
 */
export type Report<Event> = (event: Event, taken?: () => void) => void;

/** The conduct of a verb: where its progress goes, and what stops it. */
export interface Conduct<Event> {
  readonly report: Report<Event>;
  readonly signal: AbortSignal;
}
