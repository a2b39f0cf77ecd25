/** Event to send to another thread, and the memory to transfer with it. */
interface Sent {
  readonly event: unknown;
  readonly transfer: readonly ArrayBuffer[];
}

/**
 * Copies bytes in an event that are a view of a larger buffer. Sending a view clones its whole buffer: each line of a log would
 * take the 64 KiB with it that were read at once.
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
