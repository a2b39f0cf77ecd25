import type { ObjectRef } from '../../metadata/objects.ts';

/** Something the store says it has, and has not, or not as it was. */
export interface Damage extends ObjectRef {
  /** Follows the name: `its bytes are not what its digest says`. */
  readonly problem: string;
}

/** Something that cannot be looked at here, and is no damage. */
export interface Unchecked extends ObjectRef {
  /** Follows the name, as a damage's problem. */
  readonly reason: string;
}

/** Told for each thing looked at. */
export interface Checked extends ObjectRef {
  readonly damaged: boolean;
}

/** Pins a thing for as long as the check takes, if it is there. */
export type Hold = (object: ObjectRef) => Promise<boolean>;

export type Report = (checked: Checked) => void;
