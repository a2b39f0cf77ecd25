/** An event on its way to another thread, and memory that is handed over with it. */
interface Sent {
  readonly event: unknown;
  readonly transfer: readonly ArrayBuffer[];
}

/**
 * Gives the bytes in an event memory of their own where they are a piece of something larger. The system sends a view with
 * all of the memory below it: a line of a log took the 64 KiB with it that were read at once.
 */
export function withOwnBytes(event: unknown): Sent {
  const transfer: ArrayBuffer[] = [];
  const own = (value: unknown): unknown => {
    if (!(value instanceof Uint8Array) || !(value.buffer instanceof ArrayBuffer)) return value;
    if (value.length === value.buffer.byteLength) return value;
    const copy = Uint8Array.from(value);
    transfer.push(copy.buffer);
    return copy;
  };
  if (event instanceof Uint8Array) return { event: own(event), transfer };
  if (typeof event !== 'object' || event === null || !Object.values(event).some(isView)) return { event, transfer };
  return {
    event: Object.fromEntries(Object.entries(event).map(([name, value]) => [name, own(value)])),
    transfer,
  };
}

const isView = (value: unknown): boolean => value instanceof Uint8Array;
