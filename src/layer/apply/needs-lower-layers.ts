/** Thrown where unpacking beside other layers comes to a point that only the layers below can decide. Never seen by callers. */
export class NeedsLowerLayers extends Error {
  override readonly name: string = 'NeedsLowerLayers';

  constructor() {
    super('the layers below are needed');
  }
}
