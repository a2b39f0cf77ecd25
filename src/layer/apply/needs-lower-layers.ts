/** Thrown while layers are unpacked in parallel and only the layers below can decide how to go on. Not seen by callers. */
export class NeedsLowerLayers extends Error {
  override readonly name: string = 'NeedsLowerLayers';

  constructor() {
    super('the layers below are needed');
  }
}
