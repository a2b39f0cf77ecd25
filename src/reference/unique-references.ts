import { formatReference, type Reference } from './reference.ts';

/** Each reference once, in the order in which they first come. */
export const uniqueReferences = (references: readonly Reference[]): Reference[] => [
  ...new Map(references.map((reference) => [formatReference(reference), reference])).values(),
];
