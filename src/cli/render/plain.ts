import type { ValueMap } from '../../query/template/values.ts';

/** For {@link plain} values: every key is a field. */
export const noMaps: ReadonlySet<string> = new Set();

/** A value of ours as `--format` sees it: what its JSON says, fields by their own names. */
export const plain = (value: object): ValueMap => JSON.parse(JSON.stringify(value)) as ValueMap;
