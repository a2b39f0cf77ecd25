import type { SavedStep } from '../../builder/solver/types.ts';
import type { JsonValue } from '../../errors/index.ts';

/** What the cache keeps of a step's result. */
export interface CachedResult {
  readonly identity: string;
  readonly snapshotId: string;
  readonly createdAt: number;
  readonly inputs: SavedStep['inputs'];
}

export const writeResult = ({ identity, snapshotId, createdAt, inputs }: CachedResult): JsonValue => ({
  identity,
  snapshotId,
  createdAt,
  inputs: inputs.map((input) => (input.key === undefined ? [input.identity] : [input.identity, input.key])),
});

/** Undefined for what this program has not written. */
export function readResult(written: JsonValue): CachedResult | undefined {
  if (typeof written !== 'object' || written === null || Array.isArray(written)) return undefined;
  const { identity, snapshotId, createdAt, inputs } = written as { readonly [key: string]: JsonValue };
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
