/** Label of a snapshot: the diffID that its changes have, so that a cached step is never read again. */
export const diffIdLabel = 'strata.diff-id';
