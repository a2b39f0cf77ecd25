import type { ObjectRef } from '../../metadata/objects.ts';

/** An object that is recorded but missing, or not as recorded. */
export interface Damage extends ObjectRef {
  /** Follows the name: `its bytes are not what its digest says`. */
  readonly problem: string;
}

/** An object that cannot be checked here, which is no damage. */
export interface Unchecked extends ObjectRef {
  /** Follows the name, like a damage's problem. */
  readonly reason: string;
}

/** Reported for each object that was checked. */
export interface Checked extends ObjectRef {
  readonly damaged: boolean;
}

/** Pins an object for the rest of the check. Resolves to false when it no longer exists. */
export type Hold = (object: ObjectRef) => Promise<boolean>;
