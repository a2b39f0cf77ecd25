import { stepKey } from './step-key.ts';
import type { Result, Vertex } from './types.ts';

/**
 * Returns a vertex with a digest over its definition and those of its inputs. So equal steps of two stages are one
 * vertex, which runs once.
 */
export function makeVertex<R extends Result>(vertex: Omit<Vertex<R>, 'digest'>): Vertex<R> {
  const inputs = vertex.inputs.map(({ digest }) => ({ identity: digest }));
  return { ...vertex, digest: stepKey(vertex.op.definition, inputs) };
}
