import type { ValueMap } from './values.ts';

/** A value of ours as `--format` sees it: what its JSON says, fields by their own names. */
export const plain = (value: object): ValueMap => JSON.parse(JSON.stringify(value)) as ValueMap;
