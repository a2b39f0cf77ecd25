type Numbers = Uint8Array | Uint16Array | Uint32Array | Float64Array | BigUint64Array;

/** Copies a full array to the start of a larger one, and returns the larger one. */
export function copyInto<Array extends Numbers>(from: Array, into: Array): Array {
  into.set(from as never);
  return into;
}
