/**
 * Reports an event of running work. With `taken` the event must not be lost: while a listener is attached the event is
 * queued, and `taken` is called once the listener has it, so that the sender can wait. Without a listener `taken` is called at
 * once.
 */
export type Reporter<Event> = (event: Event, taken?: () => void) => void;

/** Channels between a running verb and its caller: progress goes out, an abort comes in. */
export interface WorkControl<Event> {
  readonly report: Reporter<Event>;
  readonly signal: AbortSignal;
}
