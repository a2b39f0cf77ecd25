import type { JsonValue } from '../../errors/index.ts';
import { VersionedJson } from '../../metadata/versioned-json.ts';
import type { SavedStep } from '../solver/types.ts';

/** A step's result in the cache. */
export interface CachedResult {
  readonly identity: string;
  readonly snapshotId: string;
  readonly createdAt: number;
  readonly inputs: SavedStep['inputs'];
}

const results = new VersionedJson<{ readonly [Field in keyof CachedResult]: JsonValue }>('result of a build step');

export const writeResult = ({ identity, snapshotId, createdAt, inputs }: CachedResult): JsonValue =>
  results.write({
    identity,
    snapshotId,
    createdAt,
    inputs: inputs.map((input) => (input.key === undefined ? [input.identity] : [input.identity, input.key])),
  });

/** Returns undefined for an unknown format: a step that a newer program has cached runs again. */
export function readResult(written: JsonValue): CachedResult | undefined {
  if (!results.isKnown(written)) return undefined;
  const { identity, snapshotId, createdAt, inputs } = results.read(written);
  if (typeof identity !== 'string' || typeof snapshotId !== 'string' || typeof createdAt !== 'number') return undefined;
  return { identity, snapshotId, createdAt, inputs: readInputs(inputs) };
}

function readInputs(written: JsonValue | undefined): SavedStep['inputs'] {
  if (!Array.isArray(written)) return [];
  return written.flatMap((input) => {
    const [identity, key] = Array.isArray(input) ? input : [];
    if (typeof identity !== 'string') return [];
    return [{ identity, key: typeof key === 'string' ? key : undefined }];
  });
}
