import { createHash } from 'node:crypto';
import { type ChainId, type DiffId, digestAlgorithm, digestFromHex } from '../spec/digest.ts';

/**
 * Returns the chainID of a chain extended by one layer (image-spec config.md, "Layer ChainID"): for the base layer its
 * diffID, else the hash of `<parent chainID> <diffID>` by the parent's algorithm.
 */
export function nextChainId(parent: ChainId | undefined, diffId: DiffId): ChainId {
  if (parent === undefined) return diffId as string as ChainId;
  const algorithm = digestAlgorithm(parent);
  const hex = createHash(algorithm).update(`${parent} ${diffId}`).digest('hex');
  return digestFromHex(algorithm, hex) as string as ChainId;
}

/** Returns the chainID of each layer, the lowest first. */
export function chainIds(diffIds: readonly DiffId[]): ChainId[] {
  const chain: ChainId[] = [];
  for (const diffId of diffIds) chain.push(nextChainId(chain.at(-1), diffId));
  return chain;
}
