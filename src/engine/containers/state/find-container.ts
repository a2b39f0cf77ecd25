import { StrataError } from '../../../errors/index.ts';
import type { ContainerRecord, Containers } from '../../../metadata/containers.ts';

/**
 * Finds a container by ID, by name or by the beginning of its ID, in docker's order. The record is as stored and may be out
 * of date. Throws ERR_CONTAINER_NOT_FOUND, ERR_CONTAINER_AMBIGUOUS.
 */
export function findContainer(containers: Containers, text: string): ContainerRecord {
  const exact = containers.get(text) ?? containers.getByName(text.replace(/^\//, ''));
  if (exact) return exact;
  const [id, ...others] = /^[0-9a-f]{1,64}$/.test(text) ? containers.findByPrefix(text, 2) : [];
  if (others.length > 0) {
    throw new StrataError({
      code: 'ERR_CONTAINER_AMBIGUOUS',
      message: `multiple IDs found with provided prefix: ${text}`,
      hint: 'Give more digits of the ID.',
    });
  }
  const found = id === undefined ? undefined : containers.get(id);
  if (found) return found;
  throw containerNotFound(text);
}

/** In docker's words, which scripts match. */
export const containerNotFound = (text: string): StrataError =>
  new StrataError({
    code: 'ERR_CONTAINER_NOT_FOUND',
    message: `No such container: ${text.slice(0, 256)}`,
    hint: 'List all containers to see which there are.',
  });
