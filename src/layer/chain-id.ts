import { createHash } from 'node:crypto';
import { type ChainId, type DiffId, digestAlgorithm, digestFromHex } from '../spec/digest.ts';

/**
 * The chainID of a chain with one more layer (image-spec config.md, "Layer ChainID"): the diffID itself on nothing,
 * else the hash of both names with a space between, by the parent's algorithm.
 */
export function nextChainId(parent: ChainId | undefined, diffId: DiffId): ChainId {
  if (parent === undefined) return diffId as string as ChainId;
  const algorithm = digestAlgorithm(parent);
  const hex = createHash(algorithm).update(`${parent} ${diffId}`).digest('hex');
  return digestFromHex(algorithm, hex) as string as ChainId;
}

/** The chainID of each layer, the lowest first. */
export function chainIds(diffIds: readonly DiffId[]): ChainId[] {
  const chain: ChainId[] = [];
  for (const diffId of diffIds) chain.push(nextChainId(chain.at(-1), diffId));
  return chain;
}
