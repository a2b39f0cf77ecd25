import { formatReference, type Reference } from './reference.ts';

/** Returns each reference once, in the order of first appearance. */
export const uniqueReferences = (references: readonly Reference[]): Reference[] => [
  ...new Map(references.map((reference) => [formatReference(reference), reference])).values(),
];
