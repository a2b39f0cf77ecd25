import type { ValueMap } from './values.ts';

/** Converts an object to the value that `--format` sees: its JSON, with its own names of fields. */
export const plain = (value: object): ValueMap => JSON.parse(JSON.stringify(value)) as ValueMap;
