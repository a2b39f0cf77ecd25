type Numbers = Uint8Array | Uint16Array | Uint32Array | Float64Array | BigUint64Array;

/** The numbers of a full array in a larger one. */
export function grown<Array extends Numbers>(from: Array, into: Array): Array {
  into.set(from as never);
  return into;
}
